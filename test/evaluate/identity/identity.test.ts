import assert from 'node:assert/strict'
import { it } from 'node:test'
import { textParameter } from '../../../src/fhir/operation.ts'
import type { Parameter } from '../../../src/fhir/types.ts'
import { type MadeZone, machineReadableZone } from '../../support/machine-readable-zone.ts'
import { walkSections } from '../../support/sections.ts'
import { dccOf, dose, genuineDcc, openVerdicts, question } from '../../support/verdicts.ts'

const { ask } = await openVerdicts()

interface DocumentCase {
  /** Of the credential: names, date of birth, number of the dose; else those of the specimen. */
  person?: { fn?: string; gn?: string; fnt?: string; gnt?: string; dob?: string; dn?: number }
  isForged?: true
  /** Parts of the parameter. */
  identity?: Record<string, string>
  zone?: MadeZone
  is?: string
  decision?: string
  http?: number
  says?: string
}

function credentialOf({ person: { dob = '1985-03-14', dn = 2, ...names } = {}, isForged }: DocumentCase): string {
  const nam = { fn: 'Specimen', gn: 'Ada', ...names }
  const text = genuineDcc(dccOf({ nam, dob, v: [dose({ dn })] }))
  if (!isForged) return text
  // The last character but some is of the signature; any other letter breaks it, or the text.
  const at = text.length - 20
  return `${text.slice(0, at)}${text[at] === '0' ? '1' : '0'}${text.slice(at + 1)}`
}

function identityOf({ identity = {}, zone }: DocumentCase): Parameter {
  const part: Parameter[] = Object.entries(identity).map(([name, text]) =>
    name === 'birthDate' ? { name, valueDate: text } : { name, valueString: text },
  )
  if (zone) part.push({ name: 'mrz', valueString: machineReadableZone(zone).join('\n') })
  return { name: 'identity', part }
}

walkSections<DocumentCase>('documents.json', import.meta.url, async (each) => {
  const { http, decision, issues, text, body } = await ask(question(credentialOf(each), identityOf(each)))
  assert.equal(http, each.http ?? 200, text)
  if (each.says !== undefined) assert.ok(issues.join('\n').includes(each.says), issues.join('\n'))
  assert.equal(decision, each.decision, text)
  assert.equal(textParameter(body, 'identity'), each.is, text)
  // What was told of the document is not told back, except as the credential says it.
  for (const word of [...Object.values(each.identity ?? {}), each.zone?.name ?? ''])
    if (word.length > 3) assert.ok(!issues.join('\n').includes(word), word)
})

it('identity is no check, and changes none', async () => {
  const { body: plain } = await ask(question(credentialOf({})))
  const { body } = await ask(question(credentialOf({}), identityOf({ identity: { name: 'Eva Muster' } })))
  const checks = ({ parameter = [] }: typeof body) =>
    parameter.filter(({ name }) => name === 'check' || name === 'status')
  assert.deepEqual(checks(body), checks(plain))
})
