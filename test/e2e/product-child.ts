/** The product in a process that a test can kill: its plan as JSON comes in, its address goes out as a message. */
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { startProduct, type ProductPlan } from './product';

// Whatever becomes of the test, nothing is left behind.
process.once('disconnect', () => process.exit(1));
Runtime.install({ logger: new DefaultLogger('ERROR') });

void startProduct(JSON.parse(process.argv[3] ?? '{}') as ProductPlan).then((product) => {
  process.once('SIGTERM', () => void product.stop().then(() => process.exit(0)));
  process.send?.(product.url);
});
