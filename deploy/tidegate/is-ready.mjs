// Whether the role in this container is ready, for its health check: ends 0 when it is, 1 when not.
// Workers answer on TIDEGATE_HEALTH_PORT, the API on its own port; of the codec server it is enough that it listens.
const { TIDEGATE_HEALTH_PORT, TIDEGATE_CODEC_PORT, TIDEGATE_PORT = '7400' } = process.env;
const port = TIDEGATE_HEALTH_PORT ?? TIDEGATE_CODEC_PORT ?? TIDEGATE_PORT;
const anyAnswer = process.argv.includes('--listens');
try {
  const answer = await fetch(new URL(`http://127.0.0.1:${port}/readyz`), { signal: AbortSignal.timeout(4_000) });
  if (!answer.ok && !anyAnswer) throw new Error(await answer.text());
} catch (error) {
  process.stderr.write(`Not ready: ${error.message}\n`);
  process.exitCode = 1;
}
