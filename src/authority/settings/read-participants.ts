/** The setting PARTICIPANTS. */
import type { Json } from '../../base/json-value.ts'
import { participantFault, participantKey } from '../participant.ts'
import { readScope, type Scope } from '../scopes.ts'
import type { ParticipantSettings } from './authority-settings.ts'
import {
  grantMembers,
  type Problem,
  type ReadFile,
  readEntries,
  readGrant,
  readList,
  readText,
} from './read-entries.ts'

const members = ['participant', 'name', ...grantMembers, 'certificates', 'networkKeys']
const everything: Scope[] = [readScope('system/*.cruds') ?? { type: '*', permissions: [] }]

/** Reads the participants that may write; every problem is told. */
export function readParticipants(text: string, readFile: ReadFile, problem: Problem): ParticipantSettings[] {
  const seen = new Map<string, number>()
  const entries = readEntries(text, { place: 'PARTICIPANTS', members, readFile, problem })
  return entries.map(({ entry, problem: own }, at) => {
    const once = (what: string) => {
      const before = seen.get(what)
      if (before !== undefined) own(`${what} stands in entry ${before + 1} already`)
      else seen.set(what, at)
    }
    const participant = readText(entry, 'participant', own)
    const fault = participant === '' ? undefined : participantFault(participant)
    if (fault !== undefined) own(fault)
    else once(`participant ${participantKey(participant)}`)
    const certificates = readList(entry.certificates, 'certificates', { fault: thumbprintFault, problem: own }).map(
      plain,
    )
    for (const each of certificates) once(`certificate ${each}`)
    const networkKeys = entry.networkKeys ?? false
    if (typeof networkKeys !== 'boolean') own('networkKeys must be true or false')
    return {
      participant,
      name: readText(entry, 'name', own, participant),
      ...readGrant(withPrefixes(entry, own), own, everything),
      certificates,
      networkKeys: networkKeys === true,
    }
  })
}

function withPrefixes<Entry extends { [name: string]: Json }>(entry: Entry, problem: Problem): Entry {
  if (entry.canonicalPrefixes === undefined) problem('canonicalPrefixes must say what it may write')
  return entry
}

const plain = (thumbprint: string): string => thumbprint.replaceAll(':', '').toLowerCase()

const thumbprintFault = (text: string): string | undefined =>
  /^[0-9a-f]{64}$/.test(plain(text)) ? undefined : 'a SHA-256 thumbprint in 64 hexadecimal digits is wanted'
