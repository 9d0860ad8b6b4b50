/** Members of sources of the network, as they are configured. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JsonObject } from '../../../../src/base/json-value.ts'
import { parseTrustLists } from '../../../../src/trust/lists/trust-list-settings.ts'
import { readCases } from '../../../support/read-cases.ts'

interface Case {
  name: string
  sources: JsonObject[]
  /** What is told, in any order of other texts. */
  told?: string[]
  /** Members of the first source as they hold. */
  holds?: JsonObject
}

describe('the setting TRUST_LISTS, sources of the network', () => {
  for (const { name, sources, told, holds } of readCases<Case>(import.meta.url, 'cases/settings.json'))
    it(name, () => {
      const parse = () => parseTrustLists('/etc/lists.json', () => JSON.stringify(sources))
      if (told)
        assert.throws(
          parse,
          (error: Error) =>
            told.every((text) => error.message.includes(text)) && error.message.split('\n').length === told.length,
        )
      else assert.partialDeepStrictEqual(parse()[0], holds)
    })
})
