import eslint from '@eslint/js';
import tseslint from 'typescript-eslint';

const NO_SHELL = [
  {
    selector: "Property[key.name='shell'][value.value=true]",
    message: 'No shell: pass the program and its arguments as an array.',
  },
  { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' },
];
const NO_CLOCK = [
  {
    selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
    message: '"Now" is an argument of the domain, never read.',
  },
  {
    selector: "NewExpression[callee.name='Date'][arguments.length=0]",
    message: '"Now" is an argument of the domain, never read.',
  },
  {
    selector: "CallExpression[callee.object.name='Math'][callee.property.name='random']",
    message: 'The domain gives the same answer to the same question.',
  },
];
const NODE_GLOBALS = [
  'AbortController',
  'AbortSignal',
  'Buffer',
  'URL',
  '__dirname',
  'clearTimeout',
  'console',
  'fetch',
  'module',
  'process',
  'require',
  'setTimeout',
];
const SHELL_FUNCTIONS = ['exec', 'execSync'];

export default tseslint.config(
  { ignores: ['node_modules/', 'dist/', 'coverage/', '.tidegate/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  eslint.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-definitions': 'off', // unions are types, shapes are interfaces
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/promise-function-async': 'off',
      '@typescript-eslint/require-await': 'off', // a port is asynchronous even where one of its drivers is not
      '@typescript-eslint/unbound-method': 'off', // we build objects of functions that know no this
      '@typescript-eslint/unified-signatures': 'off',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      '@typescript-eslint/dot-notation': ['error', { allowIndexSignaturePropertyAccess: true }],
      'no-console': 'error',
      'no-restricted-syntax': ['error', ...NO_SHELL],
      'no-restricted-imports': [
        'error',
        {
          paths: ['child_process', 'node:child_process'].map((name) => ({
            name,
            importNames: SHELL_FUNCTIONS,
            message: 'No shell: use execFile or spawn with an array of arguments.',
          })),
        },
      ],
      'max-lines': ['error', { max: 300, skipBlankLines: false }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      complexity: ['error', 20],
    },
  },
  { files: ['src/domain/**'], rules: { 'no-restricted-syntax': ['error', ...NO_SHELL, ...NO_CLOCK] } },
  {
    // Only the configuration and the files that wire a process together read its environment.
    files: ['src/**'],
    ignores: [
      'src/config/**',
      'src/worker.ts',
      'src/up.ts',
      'src/api/server.ts',
      'src/cli/main.ts',
      'src/demo/shop/**',
    ],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Take the environment as an argument; src/config reads it.' },
      ],
    },
  },
  {
    files: ['test/**'],
    rules: {
      'max-lines-per-function': 'off', // a describe block is a function
      '@typescript-eslint/no-non-null-assertion': 'off',
      // jest's matchers and the bodies of answers are any.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      'max-lines': ['error', { max: 450 }],
    },
  },
  { files: ['test/support/global-setup.ts'], rules: { 'no-restricted-syntax': 'off' } }, // jest wants it as the default
  {
    files: ['**/*.{js,cjs,mjs}'],
    languageOptions: { globals: Object.fromEntries(NODE_GLOBALS.map((name) => [name, 'readonly'])) },
  },
);
