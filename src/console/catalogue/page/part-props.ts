import type { Reading } from '../readers/reading.ts'
import type { Which } from './addresses.ts'

/** What every part of a page is given. */
export interface PartProps {
  which: Which
  resource: Reading
}
