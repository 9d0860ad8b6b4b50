/** What the operations about trust read and answer alike. */
import { participantCode } from '../../base/participant-codes.ts'
import { badRequest } from '../../fhir/error.ts'
import { parameterAt, textParameter } from '../../fhir/operation.ts'
import type { Parameter, Parameters } from '../../fhir/types.ts'

/** The participant that is asked for, as it was written; undefined for any. @throws FhirError 400 for what is no code of one */
export function readParticipant(parameters: Parameters): string | undefined {
  const participant = textParameter(parameters, 'participant')
  if (participant !== undefined && participantCode(participant) === undefined)
    throw badRequest(
      { text: 'participant must be a code of two or three letters', expression: parameterAt('participant') },
      'value',
    )
  return participant
}

/** A part with a text; none where there is no text. */
export const textPart = (name: string, value: string | undefined): Parameter[] =>
  value === undefined || value === '' ? [] : [{ name, valueString: value }]

/** A part with a code; none where there is no code. */
export const codePart = (name: string, value: string | undefined): Parameter[] =>
  value === undefined || value === '' ? [] : [{ name, valueCode: value }]
