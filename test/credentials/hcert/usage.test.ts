import assert from 'node:assert/strict'
import type { EventKind } from '../../../src/credentials/credential-format.ts'
import { hcert } from '../../../src/credentials/hcert/hcert.ts'
import { walkSections } from '../../support/sections.ts'

interface UsageCase {
  usages: string[]
  events: EventKind[]
  formats: string[]
  allowed: boolean
}

walkSections<UsageCase>('usage.json', import.meta.url, ({ usages, events, formats, allowed }) => {
  const found = hcert.keyUsage?.(usages, { events, formats })
  if (allowed) assert.equal(found, undefined)
  else assert.equal(found?.status, 'KEY_USAGE_MISMATCH')
})
