/** The workflows that a worker runs; the bundle starts here. */
import { setWorkflowOptions, workflowInfo } from '@temporalio/workflow';
import { bugFixWorkflow } from './bug-fix';
import { deploymentWorkflow } from './deployment';
import { environmentWorkflow } from './environment';

// What acts on the world ends with the code it began with (6-faults E11). Bugs wait for months and environments live for
// ever: pinned, they would hold their first build as long, so they go with the worker's default, AUTO_UPGRADE.
// The server refuses every task of a worker that names a behaviour and is not versioned itself.
setWorkflowOptions(
  () => (workflowInfo().currentDeploymentVersion?.deploymentName ? { versioningBehavior: 'PINNED' } : {}),
  deploymentWorkflow,
);

export { bugFixWorkflow, deploymentWorkflow, environmentWorkflow };
