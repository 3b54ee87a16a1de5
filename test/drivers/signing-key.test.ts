import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ownSigningKey } from '../../src/drivers/ed25519/key-file';
import { createEd25519Signer } from '../../src/drivers/ed25519/keys';
import { temporaryFolder } from '../support/temporary-folder';

test('a state folder has one key, for its owner alone, however often and at once it is started', async () => {
  const folder = await temporaryFolder();
  const keys = await Promise.all([ownSigningKey(folder), ownSigningKey(folder), ownSigningKey(folder)]);
  keys.push(await ownSigningKey(folder));
  expect(new Set(keys).size).toBe(1);
  expect(createEd25519Signer(keys[0]).publicKey).toMatch(/^[0-9a-f]{64}$/);
  expect((await stat(join(folder, 'signing.key'))).mode & 0o777).toBe(0o600);
  await rm(folder, { recursive: true, force: true });
});
