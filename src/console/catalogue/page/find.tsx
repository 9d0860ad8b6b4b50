/** From a canonical to its page; or that it is not here. */
import { useEffect } from 'preact/hooks'
import type { Reply } from '../../api/client.ts'
import { useReply } from '../../api/use-reply.ts'
import { go, place } from '../../app/router.ts'
import { texts } from '../../languages/languages.ts'
import { Await } from '../../parts/await.tsx'
import { Field } from '../../parts/field.tsx'
import { Notice } from '../../parts/notice.tsx'
import { Rows } from '../list/rows.tsx'
import { artefactTypes } from '../readers/artefact.ts'
import type { Reading } from '../readers/reading.ts'
import { splitCanonical } from '../readers/references.ts'
import { pageOf } from './addresses.ts'
import { searchAll } from './batch.ts'
import { Heading } from './heading.tsx'

/** The page `/catalogue/find?url=…`; other members of its query go on to what is found. */
export function Find() {
  const { find } = texts().catalogue
  const canonical = (place.value.query.get('url') ?? '').trim()
  const asked = useReply(canonical || undefined, (signal) => candidates(canonical, signal))
  return (
    <>
      <Heading title={find.title}>{find.title}</Heading>
      <form
        action="/catalogue/find"
        onSubmit={(event) => {
          event.preventDefault()
          const url = new FormData(event.currentTarget).get('url')
          go(`/catalogue/find?${new URLSearchParams({ url: typeof url === 'string' ? url.trim() : '' })}`)
        }}
      >
        <Field label={find.label}>
          {(control) => (
            <input {...control} name="url" type="text" dir="ltr" defaultValue={canonical} key={canonical} />
          )}
        </Field>
        <button type="submit">{find.go}</button>
      </form>
      {canonical ? (
        <Await asked={asked}>{(found) => <Found canonical={canonical} found={found} />}</Await>
      ) : (
        <p>{find.noUrl}</p>
      )}
    </>
  )
}

/** Everything with the url, whatever its version; a type that cannot be asked fails the whole: half an answer is none. */
async function candidates(canonical: string, signal: AbortSignal): Promise<Reply<Reading[]>> {
  const { url } = splitCanonical(canonical)
  const query = new URLSearchParams({
    url: url.replace(/[\\,|$]/g, (sign) => `\\${sign}`),
    _summary: 'true',
    _count: '50',
  })
  const reply = await searchAll(
    artefactTypes.map((type) => `${type}?${query}`),
    signal,
  )
  if (reply.fault) return reply
  return { value: reply.value.flatMap((each) => each?.resources ?? []), headers: reply.headers }
}

function Found({ canonical, found }: { canonical: string; found: Reading[] }) {
  const { find } = texts().catalogue
  const { url, version } = splitCanonical(canonical)
  const fitting = found.filter((each) => each.text('url') === url && (!version || each.text('version') === version))
  const active = fitting.filter((each) => each.text('status') === 'active')
  const [only] = fitting.length === 1 ? fitting : active.length === 1 ? active : []
  useEffect(() => {
    if (!only) return
    const query = Object.fromEntries([...place.value.query].filter(([name]) => name !== 'url'))
    go(pageOf({ type: only.text('resourceType'), id: only.text('id') }, query), { replace: true })
  }, [only])
  if (only) return null
  return (
    <>
      <Notice kind="open">
        <p class="notice-head">
          {fitting.length > 1 ? find.several : found.length > 0 ? find.missingVersion : find.missing}
        </p>
        <p>
          <code class="address">{canonical.slice(0, 2_000)}</code>
        </p>
      </Notice>
      {found.length > 0 && <Rows rows={fitting.length > 1 ? fitting : found} />}
    </>
  )
}
