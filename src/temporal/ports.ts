import { type AddressInfo, connect, createServer } from 'node:net';

export const LOOPBACK = '127.0.0.1';

/** A port that is free now: the wanted one when it is, else one the system picks. */
export async function freePort(wanted: number | null): Promise<number> {
  const port = wanted === null ? null : await tryPort(wanted);
  return port ?? (await tryPort(0)) ?? Promise.reject(new Error(`No free port on ${LOOPBACK}.`));
}

function tryPort(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen(port, LOOPBACK, () => {
      const { port: given } = server.address() as AddressInfo;
      server.close(() => resolve(given));
    });
  });
}

/** Whether anything at all listens on this local port; a gRPC client would take seconds to give up on a closed one. */
export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: LOOPBACK, port, timeout: 1_000 });
    const finish = (answer: boolean) => (): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', finish(true)).once('error', finish(false)).once('timeout', finish(false));
  });
}
