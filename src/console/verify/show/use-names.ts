/** Names of codes that came without one, or with one in another language: asked of this server's own terminology. */
import { useEffect, useState } from 'preact/hooks'
import { ask } from '../../api/client.ts'
import { isMembers, listOf, parametersOf, text } from '../../api/parameters.ts'
import { language } from '../../app/session.ts'
import type { CertifiedContent, Coded } from '../reply/content.ts'

/** Most codes that are looked up for one verdict. */
const mostCodes = 30

/** Finds the name of a code; the display that came along, and at last the code itself, where there is none. */
export type NameOf = (coded: Coded) => string

/** Looks up what the content has no name for in the language of the page. */
export function useNames(contents: readonly CertifiedContent[]): NameOf {
  const [found, setFound] = useState<ReadonlyMap<string, string>>(new Map())
  const wanted = codesOf(contents, language.value)
  const key = `${language.value} ${wanted.map(keyOf).join(' ')}`
  useEffect(() => {
    setFound(new Map())
    if (wanted.length === 0) return undefined
    const controller = new AbortController()
    void lookUp(wanted, language.value, controller.signal).then((names) => {
      if (!controller.signal.aborted) setFound(names)
    })
    return () => controller.abort()
  }, [key])
  return (coded) => found.get(keyOf(coded)) ?? coded.display ?? coded.code ?? ''
}

const keyOf = ({ system = '', code = '' }: Coded) => `${system}|${code}`

function codesOf(contents: readonly CertifiedContent[], shown: string): Coded[] {
  const all = contents.flatMap(({ events }) =>
    events.flatMap(({ title, rows }) => [
      ...title,
      ...rows.flatMap(([, value]) => ('codes' in value ? value.codes : [])),
    ]),
  )
  const wanted = all.filter(({ system, code, display }) => system && code && (!display || shown !== 'en'))
  return [...new Map(wanted.map((each) => [keyOf(each), each])).values()].slice(0, mostCodes)
}

/** One question for all. What is not answered keeps the name that it has. */
async function lookUp(codes: Coded[], shown: string, signal: AbortSignal): Promise<Map<string, string>> {
  const entry = codes.map(({ system, code }) => ({
    request: { method: 'POST', url: 'CodeSystem/$lookup' },
    resource: {
      resourceType: 'Parameters',
      parameter: [
        { name: 'system', valueUri: system },
        { name: 'code', valueCode: code },
        { name: 'displayLanguage', valueCode: shown },
      ],
    },
  }))
  const reply = await ask('', { method: 'POST', signal, body: { resourceType: 'Bundle', type: 'batch', entry } })
  const answers = isMembers(reply.value) ? listOf(reply.value.entry) : []
  const names = new Map<string, string>()
  codes.forEach((coded, at) => {
    const answer = answers[at]
    const display = isMembers(answer) ? text(parametersOf(answer.resource) ?? [], 'display') : undefined
    if (display) names.set(keyOf(coded), display)
  })
  return names
}
