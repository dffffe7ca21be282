import type { DdlObject } from '../../../core/catalogue.ts';
import type { SchemaRemap } from '../../../core/request.ts';
import type { RemapResult } from '../../engine.ts';
export const remapSchemas = async (
  objects: readonly DdlObject[],
  _remaps: readonly SchemaRemap[],
): Promise<RemapResult> => ({ objects, leftAlone: [] });
