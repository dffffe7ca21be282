import type { DdlObject } from '../../../core/catalogue.ts';
import type { ImportSchedule } from '../../engine.ts';
export const schedule = (objects: readonly DdlObject[]): ImportSchedule => ({
  before: objects,
  perTable: new Map(),
  constraints: [],
  after: [],
});
