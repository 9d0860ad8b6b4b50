/**
 * What others published is valid, but for what stands by name in unaccepted.json with the reason. A sample by hash each time; all of it
 * where `VIDIMUS_PUBLISHED=all` (`npm run soak -- published`).
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { isError } from '../../../src/fhir/error.ts'
import { coreValidator } from '../../support/core-validator.ts'
import { ofCore, type Published } from '../../support/published-resources.ts'

const isWhole = process.env.VIDIMUS_PUBLISHED === 'all'
const unaccepted: Record<string, string> = JSON.parse(readFileSync(new URL('unaccepted.json', import.meta.url), 'utf8'))
const validator = coreValidator()

async function check(all: Iterable<Published>): Promise<number> {
  let count = 0
  const faults: string[] = []
  for (const { name, resource } of all) {
    count++
    const errors = (await validator.validate(resource)).filter(isError)
    const [first] = errors
    if (first && !Object.hasOwn(unaccepted, name))
      faults.push(`${name}: ${errors.length} ${first.code} ${first.expression} ${first.details?.text}`)
    if (!first && isWhole && Object.hasOwn(unaccepted, name)) faults.push(`${name} is accepted and listed`)
  }
  assert.deepEqual(faults, [])
  return count
}

describe('what is published', () => {
  it('R4 core is valid', async () => assert.ok((await check(ofCore(isWhole ? 1 : 60))) > 50))
})
