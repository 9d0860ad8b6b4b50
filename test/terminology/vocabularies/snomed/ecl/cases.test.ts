import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { eclMembers, eclSet } from '../../../../../src/terminology/vocabularies/snomed/ecl/ecl.ts'
import { EclError } from '../../../../../src/terminology/vocabularies/snomed/ecl/syntax/ecl-error.ts'
import { parseEcl } from '../../../../../src/terminology/vocabularies/snomed/ecl/syntax/parse.ts'
import { printEcl } from '../../../../../src/terminology/vocabularies/snomed/ecl/syntax/print.ts'
import { readCases as readFolder } from '../../../../support/cases.ts'
import { readCases } from '../../../../support/read-cases.ts'
import { naiveContent } from '../../../../support/snomed/naive-content.ts'
import { naiveEcl } from '../../../../support/snomed/naive-ecl.ts'
import { keyOf, smallRelease, withIds } from '../../../../support/snomed/small-release.ts'

/** An expression; `{key}` stands for a concept of the small release. Many members are told by their number. */
interface Case {
  name: string
  ecl: string
  members?: string[]
  count?: number
}

interface Fault {
  name: string
  ecl: string
  kind: string
  line: number
  column: number
  says: string
}

const rows = smallRelease()
const content = naiveContent(rows)
const naive = naiveEcl(rows)

for (const { source, cases } of readFolder<Case>(new URL('cases/', import.meta.url))) {
  describe(source, () => {
    for (const { name, ecl, members, count } of cases) {
      it(name, () => {
        const text = withIds(ecl)
        const found = [...eclMembers(content, text)].map((each) => keyOf(content.idOf(each))).sort()
        assert.deepEqual(members ?? count, members ? found : found.length)
        const set = eclSet(content, text)
        const one = Array.from({ length: content.count }, (_, each) => each).filter((each) => set.has(each))
        assert.deepEqual(one.map((each) => keyOf(content.idOf(each))).sort(), found)
        assert.deepEqual([...naive(parseEcl(text))].map(keyOf).sort(), found)
        assert.deepEqual(eclMembers(content, printEcl(parseEcl(text))), eclMembers(content, text))
      })
    }
  })
}

describe('what is no expression, or none that the release answers', () => {
  for (const { name, ecl, ...fault } of readCases<Fault>(import.meta.url, 'errors.json')) {
    it(name, () => {
      assert.throws(
        () => eclMembers(content, withIds(ecl)),
        (error) => {
          assert.ok(error instanceof EclError)
          const { kind, line, column, message } = error
          assert.deepEqual({ kind, line, column }, { kind: fault.kind, line: fault.line, column: fault.column })
          assert.ok(message.startsWith(fault.says), message)
          return true
        },
      )
    })
  }
})
