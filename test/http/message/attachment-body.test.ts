/** A long body is let in for one base64 text in it, and for nothing else. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FhirError } from '../../../src/fhir/error.ts'
import { checkAttachment } from '../../../src/http/message/attachment-body.ts'

const plain = 1_000
const long = 'QUJD'.repeat(5_000)
const bytes = (text: string) => Buffer.from(text)

describe('a long body', () => {
  const letIn: [name: string, body: string][] = [
    ['of JSON with one picture', `{"parameter":[{"name":"credentialImage","valueAttachment":{"data":"${long}"}}]}`],
    [
      'of XML with one picture',
      `<Parameters><parameter><valueAttachment><data value="${long}=="/></valueAttachment></parameter></Parameters>`,
    ],
    ['of XML in single quotes', `<data value='${long}'/>`],
    ['with other members up to the limit', `{"a":"${'x'.repeat(900)}","data":"${long}"}`],
  ]
  for (const [name, body] of letIn) it(`${name} is let in`, () => checkAttachment(bytes(body), plain))

  const refused: [name: string, body: string][] = [
    ['of many small members', `{${Array.from({ length: 2_000 }, (_, at) => `"a${at}":"QUJD"`).join()}}`],
    ['of brackets', `{"a":${'['.repeat(20_000)}"`],
    ['of blanks between two texts', `{"a":"x"${' '.repeat(20_000)},"b":"y"}`],
    ['of one text that is no base64', `{"data":"${'\\u0041'.repeat(5_000)}"}`],
    ['of two pictures', `{"a":"${long}","b":"${long}"}`],
    ['with more beside the picture than is let in without', `{"a":"${'x'.repeat(1_100)}","data":"${long}"}`],
    ['of a text that does not end', `{"data":"${long}`],
    ['of numbers', `[${'1,'.repeat(10_000)}1]`],
    ['without quotes', 'QUJD'.repeat(5_000)],
  ]
  for (const [name, body] of refused) {
    it(`${name} is refused`, () =>
      assert.throws(
        () => checkAttachment(bytes(body), plain),
        (error) => error instanceof FhirError && error.status === 413,
      ))
  }
})
