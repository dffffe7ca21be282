import type { AccountRequest, AccountStep } from '../../accounts.ts';
import type { AccountFacts } from './account-facts.ts';

/** A step with what the plan does not show. */
export interface PlannedStep extends AccountStep {
  /** Jobs can go without it: what the server refuses becomes a note. */
  readonly isOptional: boolean;
  /** The statement with the secret where {@link AccountStep.statement} says `[secret]`; absent: that one says all. */
  readonly secret?: string;
}

/** Part of a plan. */
export interface Planned {
  readonly steps: readonly PlannedStep[];
  readonly notes: readonly string[];
}

/** What the parts of a plan share. */
export interface Wanted {
  readonly facts: AccountFacts;
  readonly request: AccountRequest;
  /** The user, quoted. */
  readonly role: string;
  /** Owners whom the user will be a member of: what is theirs needs no rights of its own. */
  readonly members: ReadonlySet<string>;
}

export const step = (title: string, statement: string, isOptional = true): PlannedStep => ({
  title,
  statement,
  isOptional,
});

/** Within reach of the request: nobody is given rights on what imports are not to touch. */
export const isInScope = ({ schemas }: AccountRequest, schema: string): boolean =>
  schemas === null || schemas.includes(schema);
