/** What people are told of a watch: what it asks, what was answered, and what only needs their eyes (A-052, P-071). */
import type { DeploymentState } from './deployment';
import { answerSentence, type Question } from './deployment-question';
import type { Message } from './events';
import type { Breach } from './watch';

type Told = Pick<DeploymentState, 'id' | 'service' | 'env'> & Partial<Pick<DeploymentState, 'passengers'>>;

const message = (
  { service, env, passengers = [] }: Told,
  topic: Message['topic'],
  title: string,
  text: string,
): Message => ({
  ...{ topic, service, env, title, text },
  bugs: passengers.map(({ bug }) => bug),
});

const instant = (at: number): string => new Date(at).toISOString();

const how = ({ id }: Told, { who, otherwise, until }: Question): string =>
  [
    `Who can answer: ${who.join(' or ')}.`,
    `tidegate deployment continue ${id} · rollback ${id} --reason … · extend ${id} --minutes …`,
    `Without an answer: ${otherwise} at ${instant(until)}.`,
  ].join('\n');

export function askedText(state: Told, question: Question): Message {
  const title = `${state.id}: may it stay on ${state.env}?`;
  return message(state, 'question', title, `${question.breach.sentence}\n${how(state, question)}`);
}

export function escalatedText(state: Told, question: Question): Message {
  const title = `${state.id}: nobody has answered since ${instant(question.since)}`;
  return message(state, 'escalation', title, `${question.breach.sentence}\n${how(state, question)}`);
}

/** An answer of the clock is an escalation too: nobody was there. */
export function answeredText(state: Told, question: Question): Message {
  const title = `${state.id}: ${question.answer?.verb ?? 'no answer'}`;
  const topic = question.answer?.byDefault ? 'escalation' : 'answered';
  return message(state, topic, title, `${question.breach.sentence}\n${answerSentence(question)}`);
}

/** A breach that decides nothing and must be seen. */
export function noticedText(state: Told, breach: Breach): Message {
  const topic = breach.class === 'page' ? 'alarm' : 'breach';
  return message(state, topic, `${state.id}: ${breach.rule} on ${state.env}`, breach.sentence);
}
