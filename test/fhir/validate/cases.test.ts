/** What makes a resource valid beyond its structure, sentence by sentence (cases/*.json). */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { asResource } from '../../../src/fhir/json.ts'
import type { Issue, Resource } from '../../../src/fhir/types.ts'
import { readCases } from '../../support/cases.ts'
import { coreValidator } from '../../support/core-validator.ts'
import { type Sketch, sketched } from '../../support/sketched-profile.ts'

interface Case {
  name: string
  resource: unknown
  profiles?: string[]
  /** `code expression` of every error, in any order. */
  errors: string[]
  /** The same of warnings, where they are what is shown; remarks on narrative and names aside. */
  warnings?: string[]
}

interface File {
  definitions?: Sketch[]
  artefacts?: Resource[]
}

const aside = /\((?:dom-6|\w+-0)\)$/
const shown = ({ code, expression }: Issue) => `${code} ${expression?.[0] ?? ''}`
const of = (issues: Issue[], severity: Issue['severity']) =>
  [
    ...new Set(issues.filter((each) => each.severity === severity && !aside.test(each.details?.text ?? '')).map(shown)),
  ].sort()

const files = readCases<Case>(new URL('cases/', import.meta.url)) as (ReturnType<typeof readCases<Case>>[number] &
  File)[]
const own = files.flatMap(({ definitions = [], artefacts = [] }) => [...definitions.map(sketched), ...artefacts])
const validator = coreValidator(own)

for (const { file, source, cases } of files)
  describe(`${file} (${source})`, () => {
    for (const { name, resource, profiles = [], errors, warnings } of cases)
      it(name, async () => {
        const issues = await validator.validate(asResource(resource), { profiles })
        assert.deepEqual(of(issues, 'error'), [...errors].sort(), JSON.stringify(issues, null, 1))
        if (warnings) assert.deepEqual(of(issues, 'warning'), [...warnings].sort(), JSON.stringify(issues, null, 1))
      })
  })

describe('the cases', () => {
  it('have a good and a bad one in every section', () => {
    for (const { file, cases } of files) {
      assert.ok(
        cases.some(({ errors }) => errors.length === 0),
        file,
      )
      assert.ok(
        cases.some(({ errors }) => errors.length > 0),
        file,
      )
    }
  })
})
