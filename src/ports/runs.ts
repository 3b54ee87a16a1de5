/** What a workflow's run looks like from outside; implemented by the client room. */
export interface Runs {
  /** @throws Unavailable */
  describe(workflowId: string): Promise<'open' | 'closed' | 'missing'>;
}
