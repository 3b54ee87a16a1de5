/** The workflows that a worker runs; the bundle starts here. */
import { setWorkflowOptions } from '@temporalio/workflow';
import { bugFixWorkflow } from './bug-fix';
import { deploymentWorkflow } from './deployment';
import { environmentWorkflow } from './environment';

// With Worker Versioning only (6-faults E11): what acts on the world ends with the code it began with. Bugs wait for
// months and environments live for ever: pinned, they would hold their first build as long.
setWorkflowOptions({ versioningBehavior: 'PINNED' }, deploymentWorkflow);
setWorkflowOptions({ versioningBehavior: 'AUTO_UPGRADE' }, bugFixWorkflow);
setWorkflowOptions({ versioningBehavior: 'AUTO_UPGRADE' }, environmentWorkflow);

export { bugFixWorkflow, deploymentWorkflow, environmentWorkflow };
