import { engineConformance } from './engine.ts';
import { sqliteHarness } from './sqlite-harness.ts';

engineConformance('sqlite', () => sqliteHarness());
