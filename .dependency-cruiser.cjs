// Who may import whom: the rooms of src/. test/structure proves that each rule catches what it forbids.

const room = (...names) => `^src/(${names.join('|')})/`;
const outside = (...names) => `^src/(?!(${names.join('|')})/)`;
const library = (...names) => `(^|node_modules/)(${names.join('|')})(/|$)`;
const TEMPORAL = library('@temporalio/[a-z-]+');
const anyOf = (...patterns) => patterns.join('|');

const WIRING = '^src/((worker|up|simulate|admin)[.]ts|api/server[.]ts|bot/main[.]ts)$';

/** A room that may import the named things only, whatever else exists. */
const only = (name, from, allowed, why, more = {}) => ({
  name,
  comment: why,
  severity: 'error',
  from: { path: from, pathNot: WIRING },
  to: { pathNot: allowed, ...more },
});
/** A room that may use any library but must not import the named things. */
const never = (name, from, forbidden, why, more = {}) => ({
  name,
  comment: why,
  severity: 'error',
  from: { path: from, pathNot: WIRING },
  to: { path: forbidden, ...more },
});

const TYPES_ONLY = { dependencyTypesNot: ['type-only'] };
const NOT_NODE = { dependencyTypesNot: ['core'] };

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    only('domain', room('domain'), anyOf(room('domain'), library('semver/functions')), 'The rules are pure.'),
    only('ports', room('ports'), room('ports', 'domain'), 'A port knows what is wanted, not who does it.'),
    only(
      'workflows',
      room('workflows'),
      anyOf(room('workflows', 'domain', 'activities'), library('@temporalio/(workflow|common)', 'tweetnacl')),
      'Workflows are deterministic: no Node, no configuration, no ports, no drivers, no zod.',
    ),
    never(
      'workflows-activities',
      room('workflows'),
      room('activities'),
      'Activities are known by type only.',
      TYPES_ONLY,
    ),
    {
      name: 'workflows-signatures',
      comment: 'One file verifies signatures.',
      severity: 'error',
      from: { path: room('workflows'), pathNot: '^src/workflows/verify[.]ts$' },
      to: { path: library('tweetnacl') },
    },
    only(
      'activities',
      room('activities'),
      anyOf(room('activities', 'domain', 'ports'), library('@temporalio/activity')),
      'An activity calls a port and maps data.',
    ),
    never(
      'drivers',
      room('drivers'),
      anyOf(outside('drivers', 'ports', 'domain'), TEMPORAL),
      'A driver knows its tool and its port, not who calls it.',
    ),
    never('ledger', room('ledger'), anyOf(outside('ledger', 'ports', 'domain'), TEMPORAL), 'The ledger stands alone.'),
    only(
      'client',
      room('client'),
      anyOf(room('client', 'domain', 'workflows'), library('@temporalio/(client|common)')),
      'The client is the one door to Temporal and knows nothing behind it.',
    ),
    never(
      'client-workflows',
      room('client'),
      '^src/workflows/(?!messages[.]ts$)',
      'Of the workflows the client knows the messages, and types.',
      TYPES_ONLY,
    ),
    never(
      'api-bot',
      room('api', 'bot'),
      anyOf('^src/(?!(api|bot|client|domain|ports|config)/)', TEMPORAL),
      'A surface asks through the client and reads through the ports.',
    ),
    never('api-bot-config', room('api', 'bot'), room('config'), 'A surface gets its settings handed in.', TYPES_ONLY),
    only(
      'config',
      room('config'),
      anyOf(room('config', 'domain'), library('zod', 'yaml', 'cosmiconfig')),
      'The configuration depends on nothing that it configures.',
      NOT_NODE,
    ),
    only(
      'codec',
      room('codec'),
      anyOf(room('codec', 'domain'), library('@temporalio/common'), '^(node:)?crypto$'),
      'Encryption of payloads stands alone.',
    ),
    never(
      'cli',
      room('cli'),
      anyOf('^src/(?!(cli|config|api|demo)/|(worker|up|simulate|admin)[.]ts$|bot/main[.]ts$)', TEMPORAL),
      'The command line is a client of the API.',
    ),
    never(
      'cli-api-types',
      room('cli'),
      '^src/api/(?!server[.]ts$)',
      'The command line knows the types of the API.',
      TYPES_ONLY,
    ),
    never('cli-lazy', room('cli'), anyOf(WIRING, room('demo')), 'Each role loads when it is asked for.', {
      dynamic: false,
    }),
    never(
      'demo',
      room('demo'),
      anyOf('^src/(?!(demo|temporal|api|drivers/git)/|up[.]ts$)', TEMPORAL),
      'The demo is the product on a sample service, with no rules of its own.',
    ),
    never('demo-api-types', room('demo'), '^src/api/', 'The demo knows the types of the API.', TYPES_ONLY),
    only(
      'temporal',
      room('temporal'),
      anyOf(room('temporal'), library('@temporalio/(client|common|envconfig|testing)', 'execa')),
      'Finding a server has nothing to do with what runs on it.',
      NOT_NODE,
    ),
    {
      name: 'no-circles',
      comment: 'Two files that need each other are one thing in the wrong place.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'resolvable',
      comment: 'What is imported must be installed.',
      severity: 'error',
      from: { path: '^src/' },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true, // types count as imports, too
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'types', 'default'],
    },
  },
};
