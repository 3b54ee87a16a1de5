import { setTimeout as sleep } from 'node:timers/promises';
import { createTurns } from '../../src/client/turns';

test('a crowd at one gate is heard one after the other, in order, and holds up no other gate', async () => {
  const turns = createTurns(10_000);
  const heard: string[] = [];
  let atOnce = 0;
  const speak = (name: string) => async () => {
    atOnce += 1;
    expect(atOnce).toBe(1);
    await sleep(2);
    heard.push(name);
    atOnce -= 1;
    if (name === 'c') throw new Error('refused');
    return name;
  };
  const names = ['a', 'b', 'c', 'd', 'e'];
  const answers = await Promise.allSettled(names.map((name) => turns.take('bug/shop/7', speak(name))));
  expect(heard).toEqual(names);
  expect(answers.map(({ status }) => status)).toEqual(names.map((name) => (name === 'c' ? 'rejected' : 'fulfilled')));
  let release: () => void = () => undefined;
  const stuck = turns.take('bug/shop/7', () => new Promise<void>((resolve) => (release = resolve)));
  await expect(turns.take('bug/shop/8', () => Promise.resolve('free'))).resolves.toBe('free');
  release();
  await stuck;
});

test('whoever waits too long behind a silent run hears that nothing was sent, and the next are heard again', async () => {
  const turns = createTurns(20);
  let release: () => void = () => undefined;
  const silent = turns.take('bug/shop/7', () => new Promise<void>((resolve) => (release = resolve)));
  const work = jest.fn(() => Promise.resolve());
  await expect(turns.take('bug/shop/7', work)).rejects.toMatchObject({ kind: 'Unavailable' });
  expect(work).not.toHaveBeenCalled();
  release();
  await silent;
  await expect(turns.take('bug/shop/7', () => Promise.resolve('heard'))).resolves.toBe('heard');
});
