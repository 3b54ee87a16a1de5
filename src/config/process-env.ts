/** The one place of the product that reads the variables of the process; everyone else takes them as an argument. */
import type { Variables } from './secrets';

export function processVariables(): Variables {
  return process.env;
}
