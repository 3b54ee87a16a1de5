/** Small workflows that carry a text along every way that payloads take. */
import {
  ApplicationFailure,
  condition,
  defineQuery,
  defineSignal,
  defineUpdate,
  executeChild,
  getExternalWorkflowHandle,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow';
import { readable } from '../../src/workflows/readable';

export interface Acts {
  echo(text: string): Promise<string>;
  fail(text: string): Promise<void>;
}

export const say = defineSignal<[unknown]>('say');
export const heard = defineQuery<readonly unknown[]>('heard');
export const ask = defineUpdate<string, [string]>('ask');

const { echo, fail } = proxyActivities<Acts>({ startToCloseTimeout: '10s', retry: { maximumAttempts: 2 } });
const near = proxyLocalActivities<Acts>({ startToCloseTimeout: '10s' });

const messageOf = (error: unknown): string =>
  error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);

/** Hears until somebody says `end`; answers with everything that came its way. */
export async function listener(input: { readonly text: string }): Promise<readonly unknown[]> {
  const { text } = readable(input);
  const all: unknown[] = [];
  setHandler(say, (value) => void all.push(value));
  setHandler(heard, () => all);
  setHandler(ask, (question) => {
    if (question === '') throw ApplicationFailure.create({ type: 'Refused', message: `no: ${text}`, details: [text] });
    return `${question} ${text}`;
  });
  setCurrentDetails(text);
  await condition(() => all.includes('end'));
  return all;
}

/** Takes its text through activities, a child, a signal to another run, a memo, and two failures. */
export async function traveller(input: { readonly text: string; readonly to: string }): Promise<readonly string[]> {
  const { text, to } = readable(input);
  const child = executeChild(listener, {
    workflowId: `${workflowInfo().workflowId}/child`,
    args: [{ text }],
    memo: { text },
    staticSummary: text,
  });
  upsertMemo({ text });
  const back = [await echo(text), await near.echo(text), await fail(text).catch(messageOf)];
  await getExternalWorkflowHandle(to).signal(say, text);
  await getExternalWorkflowHandle(`${workflowInfo().workflowId}/child`).signal(say, 'end');
  await child;
  if (text.startsWith('fail')) throw ApplicationFailure.nonRetryable(`failed with ${text}`, 'Failed', text);
  return back.map(String);
}
