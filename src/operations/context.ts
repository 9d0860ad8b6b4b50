import type { Evaluate } from '../evaluate/evaluate.ts'
import type { Rules } from '../rules/rules.ts'
import type { Storage } from '../storage/storage.ts'
import type { Maps } from '../structure-map/maps.ts'
import type { Terminology } from '../terminology/terminology.ts'

/** What every operation handler is given by the server; made once in src/server.ts. */
export interface OperationContext {
  storage: Storage
  terminology: Terminology
  maps: Maps
  rules: Rules
  evaluate: Evaluate
  /** The server's clock. */
  now(): Date
  /** Random UUID, version 4, lower case. */
  uuid(): string
}
