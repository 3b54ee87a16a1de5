/** The workflows that a worker runs; the bundle starts here. */
export { bugFixWorkflow } from './bug-fix';
export { deploymentWorkflow } from './deployment';
export { environmentWorkflow } from './environment';
