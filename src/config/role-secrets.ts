/** Which secrets of a config file a role holds: no more than it needs (3-architecture §3 rule 15, 5-quality §2). */

/** Whether the secret at this path of the file is read; another one stays unread, and may be missing. */
export type Holds = (path: readonly PropertyKey[]) => boolean;

export type Share = 'api' | 'main' | { readonly env: string } | null;

/** The API knows people, an environment's worker that environment, the main worker the rest; null: everything. */
export function secretsOf(share: Share): Holds {
  if (share === null) return () => true;
  if (share === 'api') return ([room]) => room === 'people';
  if (share === 'main') return ([room]) => room !== 'people' && room !== 'environments';
  return ([room, env]) => room === 'environments' && env === share.env;
}
