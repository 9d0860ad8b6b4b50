import type { CborValue } from '../encoding/cbor.ts'
import type { PayloadContent } from './claim-set.ts'
import { readDcc } from './dcc.ts'
import { readTestResult, readVaccination } from './ddcc.ts'
import { readDvc } from './dvc.ts'
import { readLink } from './link.ts'

/** One key of the hcert claim (-260) and how its value is read. */
export interface Subclaim {
  key: number
  read(value: CborValue): PayloadContent | string
}

/**
 * Keys in the order of precedence (credentials.md, 4.2). Positive keys are WHO's to assign, negative ones are free for
 * development; 2 is reserved for the RACSEL certificate and refused like any unknown key.
 */
export const subclaims: Subclaim[] = [
  { key: 1, read: readDcc },
  { key: 3, read: readVaccination },
  { key: 4, read: readTestResult },
  { key: 5, read: readLink },
  { key: -6, read: readDvc },
]
