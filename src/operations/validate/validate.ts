import { corrected } from '../../fhir/check/misspelt.ts'
import { misspeltIn } from '../../fhir/check/resource.ts'
import { input, output } from '../../fhir/declare-parameter.ts'
import { FhirError, isError, issue, notFound, operationOutcome } from '../../fhir/error.ts'
import { defineOperation, type OperationCall } from '../../fhir/operation.ts'
import { searchableTypes } from '../../fhir/search/parse-search.ts'
import type { Issue, OperationOutcome, Resource } from '../../fhir/types.ts'
import { finish } from '../../workers/budget.ts'
import type { OperationContext } from '../context.ts'
import { withoutConsequences } from './consequences.ts'
import { type Question, readQuestion, withPlaces } from './input.ts'

const name = 'validate'

const parameters = [
  input('resource', 'Any', 'The resource; the stored one where none is given at instance level.'),
  input(
    'mode',
    'code',
    'create, update: as a write would be judged, by R4 and by what this server asks of published content. delete: whether it could be deleted. profile: against `profile` alone and R4.',
  ),
  input('profile', 'canonical', 'Profile that it is to be held against beside those that it states.', '0..*'),
  input(
    'beside',
    'Any',
    'With create or update: a resource that is to be written in the same transaction, as the Library of a PlanDefinition; it is not judged itself. Own parameter of this server.',
    '0..*',
  ),
  output(
    'return',
    'OperationOutcome',
    'What was found, with 200 whether it is valid or not: valid where no issue is an error.',
    '1..1',
  ),
]

/** `$validate` (https://hl7.org/fhir/R4/resource-operation-validate.html) of any resource of R4. */
export const validate = defineOperation<OperationContext>({
  name,
  title: 'Validate a resource',
  description:
    'Judges a resource by R4 – structure, cardinality, bindings, invariants, references, narrative – and by profiles, stored ones and those of R4 core. What cannot be judged is told, and what was sent as the body is told with lines and columns.',
  base: 'http://hl7.org/fhir/OperationDefinition/Resource-validate',
  system: true,
  type: [...searchableTypes],
  instance: [...searchableTypes],
  personal: true,
  costly: true,
  judgesResource: true,
  accepts: [
    'application/fhir+json',
    'application/json',
    'text/json',
    'application/fhir+xml',
    'application/xml',
    'text/xml',
  ],
  parameters,
  async handle(call, context) {
    const question = await readQuestion(call, { name, parameters })
    if (question.mode === 'delete') return { resource: await judgeDeletion(call, context) }
    if (!question.resource && question.faults.length > 0)
      return { resource: await told(call, question, question.faults) }
    const resource = question.resource ?? (await stored(call, context))
    const issues = await judgeMeant(call, context, { ...question, resource })
    return { resource: await told(call, question, issues) }
  },
})

async function told({ budget }: OperationCall, question: Question, issues: Issue[]): Promise<OperationOutcome> {
  const steps = withPlaces(issues, question)
  return operationOutcome(budget ? await budget().runSteps(steps) : finish(steps))
}

async function stored({ resourceType = '', id = '' }: OperationCall, { storage }: OperationContext): Promise<Resource> {
  const resource = (await storage.read(resourceType, id))?.resource
  if (resource) return resource
  throw notFound(`${resourceType}/${id} is not known to this server`)
}

/** One fault is one error: what only follows from a misspelt name is not told beside it. */
async function judgeMeant(
  call: OperationCall,
  context: OperationContext,
  question: Question & { resource: Resource },
): Promise<Issue[]> {
  const found = await judge(call, context, question)
  const misspelt = found.some(isUnknownName) ? misspeltIn(question.resource) : []
  if (misspelt.length === 0) return found
  try {
    const resource = corrected(question.resource, misspelt)
    return withoutConsequences(found, await judge(call, context, { ...question, resource }), misspelt)
  } catch (error) {
    // What cannot be told apart is told.
    if (error instanceof FhirError) return found
    throw error
  }
}

const isUnknownName = ({ code, expression }: Issue) => code === 'structure' && expression !== undefined

async function judge(
  call: OperationCall,
  { validation }: OperationContext,
  { resource, mode, profiles, beside }: Question & { resource: Resource },
): Promise<Issue[]> {
  const isGone = () => call.isGone?.() === true
  const budget = call.budget?.()
  const found = await validation.validate(resource, { profiles, budget, isGone })
  const isOther = mode === 'update' && call.level === 'instance' && resource.id !== call.id
  const wrongId = isOther ? [ofOtherId(resource, call)] : []
  if (mode !== 'create' && mode !== 'update') return found
  if (found.some(isStructural)) return [...found, ...wrongId]
  const id = mode === 'update' ? (call.id ?? resource.id) : undefined
  const written = await judgedWrite(() =>
    validation.judgeWrite(resource, { id, isNew: mode === 'create', budget, beside }),
  )
  return withoutDouble([...found, ...wrongId, ...written])
}

/** What is no R4 by its structure is not looked at further. */
const isStructural = (each: Issue) => isError(each) && each.code === 'structure' && each.expression === undefined

const ofOtherId = ({ resourceType: type }: Resource, { id }: OperationCall): Issue =>
  issue('invalid', { text: `The id of the resource is not ${id}, as the address says`, expression: `${type}.id` })

/** What cannot be judged now (the translator is busy) is told, and is no reason to tell nothing. */
async function judgedWrite(run: () => Promise<Issue[]>): Promise<Issue[]> {
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof FhirError) || error.status < 500) throw error
    return error.issues.map((each): Issue => ({ ...each, severity: 'error' }))
  }
}

function withoutDouble(issues: Issue[]): Issue[] {
  const told = new Map<string, Issue>()
  for (const each of issues) {
    const key = `${each.code}\n${each.expression?.join() ?? ''}\n${each.details?.text ?? ''}`
    const before = told.get(key)
    if (!before || (isError(each) && !isError(before))) told.set(key, each)
  }
  return [...told.values()]
}

async function judgeDeletion(call: OperationCall, context: OperationContext): Promise<OperationOutcome> {
  const resource = await stored(call, context)
  return operationOutcome(context.validation.judgeDelete(resource))
}
