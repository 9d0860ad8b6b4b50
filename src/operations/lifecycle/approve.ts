/** `$approve` and `$review`: what somebody thinks of an artefact, kept beside it (http://hl7.org/fhir/uv/crmi/, operations). */
import { sha256Hex } from '../../base/crypto/sha256.ts'
import { canonicalJson } from '../../base/json.ts'
import type { JsonObject } from '../../base/json-value.ts'
import { artefactCanonical, artefactName } from '../../fhir/artefact.ts'
import { parseCanonical } from '../../fhir/canonical.ts'
import { input } from '../../fhir/declare-parameter.ts'
import { elementInfo, primitiveFault } from '../../fhir/elements.ts'
import { badRequest, issue, unprocessable } from '../../fhir/error.ts'
import { asResource } from '../../fhir/json.ts'
import {
  defineOperation,
  firstParameter,
  type OperationCall,
  parameterValue,
  textParameter,
} from '../../fhir/operation.ts'
import type { Issue, Resource } from '../../fhir/types.ts'
import type { OperationContext } from '../context.ts'
import { carryOut, idParameter, type Planned, returned, signingParameters, today } from './answer.ts'
import { type Held, lifecycleTypes, namedArtefact, stands } from './artefact.ts'
import { withMembers } from './content.ts'

const crmi = 'http://hl7.org/fhir/uv/crmi/StructureDefinition'

/** Kinds of an assessment (R5 ArtifactAssessment.content.informationType). */
const informationTypes = ['comment', 'classifier', 'rating', 'container', 'response', 'change-request']

const assessmentParameters = [
  input('artifactAssessmentType', 'code', `Kind of the comment: ${informationTypes.join(', ')}`),
  input('artifactAssessmentSummary', 'string', 'The comment'),
  input(
    'artifactAssessmentTarget',
    'canonical',
    'The artefact that is meant, url|version: it must be the one that is named',
  ),
  input('artifactAssessmentRelatedArtifact', 'uri', 'What supports the comment'),
  input('artifactAssessmentAuthor', 'Reference', 'Who assesses'),
]

interface Kind {
  /** The parameter that has the day, the element of the artefact that gets it, and the extension of the assessment. */
  dateParameter: string
  element: 'approvalDate' | 'lastReviewDate'
  extension: string
}

const approval: Kind = {
  dateParameter: 'approvalDate',
  element: 'approvalDate',
  extension: `${crmi}/crmi-artifactAssessmentApprovalDate`,
}
const review: Kind = {
  dateParameter: 'reviewDate',
  element: 'lastReviewDate',
  extension: `${crmi}/crmi-artifactAssessmentLastReviewDate`,
}

const assesses = { type: lifecycleTypes, instance: lifecycleTypes, affectsState: true, strict: true }
const beside = 'A draft gets the date; of what is published nothing changes but that the assessment is there.'

/** `$approve`. */
export const approve = defineOperation<OperationContext>({
  name: 'approve',
  title: 'Approve',
  description: `Records the approval of an artefact as an assessment (Basic). ${beside} With prepareOnly it answers the bytes that are to be signed.`,
  base: 'http://hl7.org/fhir/uv/crmi/OperationDefinition/crmi-approve',
  ...assesses,
  parameters: [
    idParameter,
    input('approvalDate', 'date', 'The day of the approval; by default today'),
    ...assessmentParameters,
    ...signingParameters,
    returned,
  ],
  handle: (call, context) => assess(call, context, approval),
})

/** `$review`. */
export const reviewOperation = defineOperation<OperationContext>({
  name: 'review',
  title: 'Review',
  description: `Records the review of an artefact as an assessment (Basic). ${beside}`,
  base: 'http://hl7.org/fhir/uv/crmi/OperationDefinition/crmi-review',
  ...assesses,
  parameters: [
    idParameter,
    input('reviewDate', 'date', 'The day of the review; by default today'),
    ...assessmentParameters,
    ...signingParameters,
    returned,
  ],
  handle: (call, context) => assess(call, context, review),
})

async function assess(call: OperationCall, { storage, now }: OperationContext, kind: Kind) {
  const day = today(call, now)
  const date = textParameter(call.parameters, kind.dateParameter) ?? day
  if (primitiveFault('date', date) !== undefined)
    throw unprocessable({ text: `${kind.dateParameter} is a FHIR date.`, expression: at(kind.dateParameter) }, 'value')
  const held = await namedArtefact(call, storage)
  const { resourceType: type, id = '' } = held.resource
  const isDraft = stands(held, 'draft') || stands(held, 'unknown')
  const dated = elementInfo(type, kind.element) ? { [kind.element]: date, date: day } : { date: day }
  // What is published is written as it is, so that a signature that comes with the call is about it.
  const resource = isDraft ? withMembers(held.resource, dated) : held.resource
  const artefact: Planned = { method: 'PUT', type, id, resource, ifMatch: [held.versionId] }
  const assessment = assessmentOf(call, { held, date, day, kind })
  const own: Planned = { method: 'PUT', type: 'Basic', id: String(assessment.id), resource: assessment }
  return carryOut(call, [artefact, own], { day, remarks: isDraft ? [] : [unchanged(held.resource, kind)] })
}

const at = (name: string) => `Parameters.parameter.where(name='${name}')`

function unchanged(resource: Resource, { element }: Kind): Issue {
  const text = `${artefactName(resource)} is published, and its content does not change: ${element} stands in the assessment alone.`
  return issue('informational', { severity: 'information', text })
}

interface Assessed {
  held: Held
  date: string
  day: string
  kind: Kind
}

/** R5's ArtifactAssessment as CRMI writes it in R4: a Basic with extensions. The same assessment has the same id. */
function assessmentOf(call: OperationCall, { held, date, day, kind }: Assessed): Resource {
  const { parameters } = call
  const { resource, versionId } = held
  const name = artefactName(resource)
  refuseOtherTarget(textParameter(parameters, 'artifactAssessmentTarget'), resource)
  const content = contentOf(call)
  const extension: JsonObject[] = [
    { url: `${crmi}/crmi-artifactAssessmentArtifact`, valueCanonical: name },
    {
      url: `${crmi}/crmi-artifactAssessmentArtifact`,
      valueReference: { reference: `${resource.resourceType}/${resource.id}/_history/${versionId}` },
    },
    { url: `${crmi}/crmi-artifactAssessmentDate`, valueDateTime: day },
    { url: kind.extension, valueDate: date },
    ...(content.length > 0 ? [{ url: `${crmi}/crmi-artifactAssessmentContent`, extension: content }] : []),
  ]
  const author = parameterValue(firstParameter(parameters, 'artifactAssessmentAuthor'))
  const code = { coding: [{ system: 'http://hl7.org/fhir/fhir-types', code: 'ArtifactAssessment' }] }
  const made = {
    meta: { profile: [`${crmi}/crmi-artifactAssessment`] },
    code,
    created: day,
    ...(isObject(author) ? { author } : {}),
    extension,
  }
  const id = `assessment-${sha256Hex(canonicalJson(made)).slice(0, 32)}`
  return asResource({ resourceType: 'Basic', id, ...made })
}

const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null

/** Whoever says what he means must mean what he names. */
function refuseOtherTarget(target: string | undefined, resource: Resource): void {
  if (target === undefined) return
  const { url, version } = parseCanonical(target)
  const own = artefactCanonical(resource)
  if (own?.url === url && version !== undefined && version === own.version) return
  const text = `artifactAssessmentTarget is the url|version of what is assessed, ${artefactName(resource)}.`
  throw unprocessable({ text, expression: at('artifactAssessmentTarget') }, 'conflict')
}

function contentOf({ parameters }: OperationCall): JsonObject[] {
  const kind = textParameter(parameters, 'artifactAssessmentType')
  const summary = textParameter(parameters, 'artifactAssessmentSummary')
  const related = textParameter(parameters, 'artifactAssessmentRelatedArtifact')
  const author = parameterValue(firstParameter(parameters, 'artifactAssessmentAuthor'))
  if (kind !== undefined && !informationTypes.includes(kind)) {
    const text = `artifactAssessmentType is one of ${informationTypes.join(', ')}.`
    throw unprocessable({ text, expression: at('artifactAssessmentType') }, 'code-invalid')
  }
  if (
    author !== undefined &&
    (!isObject(author) || !['reference', 'identifier', 'display'].some((each) => each in author))
  )
    throw badRequest({ text: 'artifactAssessmentAuthor names nobody.', expression: at('artifactAssessmentAuthor') })
  const given = kind !== undefined || summary !== undefined || related !== undefined
  return [
    ...(given ? [{ url: 'informationType', valueCode: kind ?? 'comment' }] : []),
    ...(summary === undefined ? [] : [{ url: 'summary', valueMarkdown: summary }]),
    ...(related === undefined
      ? []
      : [{ url: 'relatedArtifact', valueRelatedArtifact: { type: 'citation', resource: related } }]),
    ...(isObject(author) && given ? [{ url: 'author', valueReference: author }] : []),
  ]
}
