/** `ValueSet/$check-ecl`: what is wrong with an expression constraint, with its places (docs/ecl.md). */
import { input, output } from '../fhir/declare-parameter.ts'
import { badRequest } from '../fhir/error.ts'
import { defineOperation, parameterAt, textParameter } from '../fhir/operation.ts'
import type { OperationContext } from './context.ts'

/** Longest expression that is checked: every concept of it is looked up, and those that are not there are searched for. */
const longestExpression = 20_000

/** Reads an expression as its author wrote it; the answer says whether it can be evaluated. */
export const checkEclOperation = defineOperation<OperationContext>({
  name: 'check-ecl',
  title: 'Check an expression constraint of SNOMED CT',
  description:
    'Reads an expression in the Expression Constraint Language 2.2, brief or long syntax, and answers everything that is wrong with it, by line and column: syntax, concepts that are not in the release (with those that are near to them), terms that are none of their concept, inactive concepts. Without an imported release the syntax alone is judged.',
  type: ['ValueSet'],
  get: true,
  strict: true,
  costly: true,
  parameters: [
    input('expression', 'string', `The expression, at most ${longestExpression} characters`, '1..1'),
    input('version', 'string', 'Edition or version of SNOMED CT; by default the newest that was imported'),
    output('result', 'boolean', 'Whether it can be evaluated, as far as that was looked at.', '1..1'),
    output(
      'release',
      'string',
      'Version of SNOMED CT in which concepts were looked up; absent where none was imported.',
    ),
    output('brief', 'string', 'The expression in the brief syntax, which is the normative one.'),
    output(
      'remark',
      [
        output('severity', 'code', 'error: it cannot be evaluated; warning.', '1..1'),
        output('line', 'positiveInt', 'Line, from 1.', '1..1'),
        output('column', 'positiveInt', 'Column in characters, from 1.', '1..1'),
        output('text', 'string', 'What is wrong there.', '1..1'),
      ],
      'In the order of the text; after twenty no more are looked for.',
      '0..*',
    ),
  ],
  handle: async ({ parameters }, { terminology }) => {
    const text = textParameter(parameters, 'expression')
    const expression = parameterAt('expression')
    if (text === undefined || text.trim() === '')
      throw badRequest({ text: 'expression is required: the expression constraint to check', expression }, 'required')
    if (text.length > longestExpression)
      throw badRequest({ text: `expression is longer than ${longestExpression} characters`, expression }, 'too-long')
    const checked = await terminology.checkConstraint(text, textParameter(parameters, 'version'))
    const { brief, release, remarks } = checked
    return {
      resource: {
        resourceType: 'Parameters',
        parameter: [
          {
            name: 'result',
            valueBoolean: brief !== undefined && !remarks.some(({ severity }) => severity === 'error'),
          },
          ...(release === undefined ? [] : [{ name: 'release', valueString: release }]),
          ...(brief === undefined ? [] : [{ name: 'brief', valueString: brief }]),
          ...remarks.map(({ severity, line, column, text: why }) => ({
            name: 'remark',
            part: [
              { name: 'severity', valueCode: severity },
              { name: 'line', valuePositiveInt: line },
              { name: 'column', valuePositiveInt: column },
              { name: 'text', valueString: why },
            ],
          })),
        ],
      },
    }
  },
})
