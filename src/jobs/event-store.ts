import type { Event, NewEvent } from '../core/event.ts';

/** A webhook call that is due. */
export interface DueDelivery {
  readonly event: Event;
  /** Which try this is, from 1. */
  readonly attempt: number;
  /** Names of the channels that have taken it in earlier tries. */
  readonly taken: readonly string[];
}

/** Events, durable, and the deliveries that they make due. Each verb is one transaction. */
export interface EventStore {
  /** Once per key: a repeated call gives the event that is there. A delivery becomes due where `deliver` says so. */
  addEvent(event: NewEvent, options: { readonly deliver: boolean }): Promise<Event>;
  /** Events after `afterSeq`, in order. */
  listEvents(filter: {
    readonly afterSeq: number;
    readonly databases?: readonly string[];
    readonly limit: number;
  }): Promise<readonly Event[]>;
  /** Until `leaseMs` have passed nobody else gets it. Null: there is none. */
  claimDelivery(leaseMs: number): Promise<DueDelivery | null>;
  /** Ends a claim: due again at `retryAt` for those who have not `taken` it, or never (null). A claim that is not current any more decides nothing. */
  settleDelivery(delivery: DueDelivery, retryAt: number | null): Promise<void>;
  /** Removes events older than `before` that are not to be delivered any more. */
  pruneEvents(before: number): Promise<void>;
}
