import { runShort } from '../../src/drivers/script/short-run';

test('a question to a script is answered although it leaves a service behind that keeps its output open (F41)', async () => {
  const variables = { PATH: process.env.PATH ?? '' };
  const leaves = 'setsid sh -c "echo service=\\$\\$; exec sleep 60" & sleep 0.2; echo version=1.4.2';
  const run = await runShort('/bin/sh', ['-c', leaves], { folder: '/', variables, timeoutMs: 20_000 });
  process.kill(Number(/service=(\d+)/.exec(run.output)?.[1]), 'SIGKILL');
  expect(run).toMatchObject({ code: 0, timedOut: false, output: expect.stringContaining('version=1.4.2') as string });
});
