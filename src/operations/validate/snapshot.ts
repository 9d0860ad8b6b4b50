import { input, output } from '../../fhir/declare-parameter.ts'
import { badRequest, notFound } from '../../fhir/error.ts'
import { isOfType } from '../../fhir/json.ts'
import { defineOperation, firstParameter, type OperationCall, textParameter } from '../../fhir/operation.ts'
import { snapshotOf } from '../../fhir/snapshot/generate.ts'
import type { StructureDefinition } from '../../fhir/types.ts'
import type { OperationContext } from '../context.ts'
import { instanceOf } from '../input/instance-resource.ts'

/** `StructureDefinition/$snapshot` (https://hl7.org/fhir/R4/structuredefinition-operation-snapshot.html). */
export const snapshot = defineOperation<OperationContext>({
  name: 'snapshot',
  title: 'Generate snapshot',
  description:
    'Makes the snapshot of a StructureDefinition of its differential and its base, whether it has one or not. Nothing is stored.',
  base: 'http://hl7.org/fhir/OperationDefinition/StructureDefinition-snapshot',
  type: ['StructureDefinition'],
  instance: ['StructureDefinition'],
  costly: true,
  get: true,
  strict: true,
  parameters: [
    input('definition', 'StructureDefinition', 'The definition itself'),
    input('url', 'string', 'Canonical of a definition that is stored, or of R4 core'),
    output('return', 'StructureDefinition', 'The definition with its snapshot', '1..1'),
  ],
  async handle(call, context) {
    const definition = await asked(call, context)
    const { findDefinition } = context.validation
    const isAnew = (definition.differential?.element.length ?? 0) > 0
    const element = await snapshotOf(definition, findDefinition, { isAnew, run: call.budget?.().runAsync })
    return { resource: { ...definition, snapshot: { ...definition.snapshot, element: [...element] } } }
  },
})

/** @throws FhirError 400 where none or several are meant, 404 for one that is not known */
async function asked(call: OperationCall, context: OperationContext): Promise<StructureDefinition> {
  const { parameters } = call
  const stored = await instanceOf(call, context, 'StructureDefinition')
  const given = firstParameter(parameters, 'definition')?.resource
  const url = textParameter(parameters, 'url')
  const count = [stored, given, url].filter((each) => each !== undefined).length
  if (count !== 1) {
    const text = count === 0 ? 'Which definition? Give definition or url' : 'One definition at a time'
    throw badRequest({ text, expression: 'Parameters.parameter' }, count === 0 ? 'required' : 'invalid')
  }
  if (stored) return stored
  if (given) {
    if (isOfType(given, 'StructureDefinition')) return given
    throw badRequest({ text: 'definition is a StructureDefinition', expression: 'definition' }, 'value')
  }
  const found = await context.validation.findDefinition(url ?? '')
  if (found) return found
  throw notFound({ text: `The StructureDefinition ${url} is not known here`, expression: 'url' })
}
