/** Participants of the trust lists beside those of WHO's value sets: a list may hold some that no value set has. */

import { sameParticipant } from '../base/participant-codes.ts'
import { FhirError } from '../fhir/error.ts'
import { expandCodes } from '../terminology/expand-codes.ts'
import type { Terminology } from '../terminology/terminology.ts'
import { type ListedParticipant, listedParticipants } from '../trust/participants.ts'
import type { Trust } from '../trust/trust.ts'

const trustBase = 'http://smart.who.int/trust'
const countries = 'http://smart.who.int/refmart/CodeSystems/REF_COUNTRY'

/** Ids of WHO's value sets of participants: production, development, acceptance testing. */
const valueSets = ['Participants', 'Participants-DEV', 'Participants-UAT']

/** A participant, and how the value sets know it. */
export interface KnownParticipant extends ListedParticipant {
  display?: string
  /** Ids of WHO's value sets that have it. */
  valueSets: string[]
  /** Whether any has. */
  inValueSet: boolean
}

/** What participants are told of. */
interface ParticipantParts {
  trust: Pick<Trust, 'keys'>
  terminology: Pick<Terminology, 'expand' | 'lookup'>
  now(): Date
}

/** Every participant of the lists. */
export async function knownParticipants({ trust, terminology, now }: ParticipantParts): Promise<KnownParticipant[]> {
  const known = await Promise.all(
    valueSets.map(async (id) => ({
      id,
      codes: await expandCodes(terminology, { url: `${trustBase}/ValueSet/${id}` }),
    })),
  )
  const made: KnownParticipant[] = []
  for (const listed of listedParticipants(trust.keys(), now())) {
    const isOf = ({ code }: { code: string }) => sameParticipant(code, listed.participant)
    const found = known.filter(({ codes }) => codes.some(isOf)).map(({ id }) => id)
    const display =
      known.flatMap(({ codes }) => codes).find(isOf)?.display ?? (await countryName(listed.participant, terminology))
    made.push({ ...listed, ...(display ? { display } : {}), valueSets: found, inValueSet: found.length > 0 })
  }
  return made
}

/** Name of a country that no value set has. */
async function countryName(code: string, terminology: Pick<Terminology, 'lookup'>): Promise<string | undefined> {
  try {
    const found = await terminology.lookup({
      resourceType: 'Parameters',
      parameter: [
        { name: 'system', valueUri: countries },
        { name: 'code', valueCode: code },
      ],
    })
    return found.parameter?.find(({ name }) => name === 'display')?.valueString
  } catch (error) {
    if (error instanceof FhirError && error.status < 500) return undefined
    throw error
  }
}
