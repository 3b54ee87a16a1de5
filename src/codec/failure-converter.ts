/** Puts messages and stacks of failures into a payload, so that they are sealed as well (6-faults abuse 22). */
import { DefaultFailureConverter } from '@temporalio/common';

export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
