import type { Json } from '../../base/json-value.ts'
import { readDcc } from './dcc.ts'
import { readTestResult, readVaccination } from './ddcc.ts'
import { readDvc } from './dvc.ts'
import { readLink } from './link.ts'
import type { SubclaimContent } from './subclaim-content.ts'

/** How the value under one key of the hcert claim is read once its signature was verified. */
interface SubclaimReader {
  key: number
  read(value: Json): SubclaimContent | string
}

/** Readers by key, in the order of precedence of `subclaimKinds`. */
export const subclaims: SubclaimReader[] = [
  { key: 1, read: readDcc },
  { key: 3, read: readVaccination },
  { key: 4, read: readTestResult },
  { key: 5, read: readLink },
  { key: -6, read: readDvc },
]
