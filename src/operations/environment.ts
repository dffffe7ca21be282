import type { LocationRequest } from '../core/request.ts';
import type { Engine, EngineTarget } from '../engines/engine.ts';
import type { Storage } from '../storages/storage.ts';

/** A registered database with what is needed to open it. */
export interface ResolvedDatabase {
  readonly name: string;
  readonly engine: Engine;
  /** Unsealed: never log it. */
  readonly target: EngineTarget;
}

/** What operations and service may reach of the outside, composed in app.ts. */
export interface Environment {
  readonly engines: readonly Engine[];
  /** The engine that answers for a database URL's scheme. Throws `url-invalid` naming the schemes that exist. */
  engineForUrl(url: string): Engine;
  /** Throws `database-unknown`. */
  database(name: string): Promise<ResolvedDatabase>;
  /** The storage behind its layers. Throws `directory-unknown`, `location-invalid`. No I/O at the place itself. */
  storage(location: LocationRequest): Promise<Storage>;
}
