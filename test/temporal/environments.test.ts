import { timeSkipping } from '../support/environments';

const environment = timeSkipping();

test('a night of waiting costs a test no night: the time-skipping server skips on', async () => {
  const before = await environment().currentTimeMs();
  await environment().sleep('12 hours');
  expect((await environment().currentTimeMs()) - before).toBeGreaterThanOrEqual(12 * 3_600_000);
});
