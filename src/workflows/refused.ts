import { ApplicationFailure } from '@temporalio/workflow';
import type { Refusal } from '../domain/verbs';

/** An update's refusal: travels with its code and sentence, and never fails the workflow. */
export function refused(refusal: Refusal): ApplicationFailure {
  return ApplicationFailure.create({
    message: refusal.sentence,
    type: 'Refused',
    nonRetryable: true,
    details: [refusal],
  });
}
