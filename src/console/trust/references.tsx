/** What is mirrored from other participants: each reference, how it stands, and how fresh the lists are that name them. */
import { language } from '../app/session.ts'
import { fromNow } from '../languages/ago.ts'
import { fill } from '../languages/fill.ts'
import { texts } from '../languages/languages.ts'
import { Icon, type IconName } from '../parts/icon.tsx'
import { Word } from '../parts/word.tsx'
import type { MirroredReference, TrustState } from './read-trust.ts'

/** The section; without any reference it says so. */
export function References({ state: { at, references, referenceCount, mirroredFrom } }: { state: TrustState }) {
  const { trust } = texts()
  const now = new Date(at)
  return (
    <section>
      <h2>{trust.references}</h2>
      {references.length === 0 && <p>{trust.noReferences}</p>}
      {mirroredFrom.map(({ gateway, checkedAt, isReached, failure }) => (
        <p class={isReached ? 'hint' : 'error'}>
          {fill(isReached ? trust.listReached : trust.listLost, {
            gateway,
            when: fromNow(checkedAt, now, language.value),
          })}{' '}
          {failure && (
            <span lang="en" dir="auto">
              {failure}
            </span>
          )}
        </p>
      ))}
      {references.length > 0 && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard (WCAG 2.1.1)
        <div class="scroll-x" tabIndex={0}>
          <table class="stacking">
            <thead>
              <tr>
                <th scope="col">{trust.reference}</th>
                <th scope="col">{trust.participant}</th>
                <th scope="col">{trust.service}</th>
                <th scope="col">{trust.state}</th>
                <th scope="col">{trust.artefacts}</th>
              </tr>
            </thead>
            <tbody>
              {references.map((each) => (
                <ReferenceRow shown={each} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {referenceCount > references.length && (
        <p class="hint">{fill(trust.shownOf, { n: references.length, of: referenceCount })}</p>
      )}
    </section>
  )
}

/** Only what is here is good; a word that is not known is not. */
function lookOf(state: string): { icon: IconName; look: string } {
  if (state === 'mirrored') return { icon: 'accepted', look: '' }
  if (state === 'pending' || state === 'gone' || state === 'retired') return { icon: 'undetermined', look: '' }
  return { icon: 'rejected', look: 'error' }
}

/** Types that the catalogue shows. */
const listed = ['ValueSet', 'CodeSystem', 'ConceptMap', 'StructureMap', 'Library', 'PlanDefinition']

function ReferenceRow({ shown }: { shown: MirroredReference }) {
  const { trust } = texts()
  const { url, participant, service, state, artefacts, failure, warnings, gateway } = shown
  const { icon, look } = lookOf(state)
  const query = new URLSearchParams({ source: url, ...(listed.includes(service) && { type: service }) })
  return (
    <tr>
      <td data-head={trust.reference}>
        <bdi class="mono">{url}</bdi>
      </td>
      <td data-head={trust.participant}>
        <bdi>{participant}</bdi> <span class="hint">{gateway}</span>
      </td>
      <td data-head={trust.service}>
        <bdi>{service}</bdi>
      </td>
      <td data-head={trust.state}>
        <span class={look}>
          <Icon name={icon} size={16} /> <Word table={trust.mirrorStates} code={state} />
        </span>
        {[failure, ...warnings].filter(Boolean).map((each) => (
          <p class="hint" lang="en" dir="auto">
            {each}
          </p>
        ))}
      </td>
      <td data-head={trust.artefacts}>
        {new Intl.NumberFormat(language.value).format(artefacts)}{' '}
        {artefacts > 0 && <a href={`/catalogue?${query}`}>{trust.inCatalogue}</a>}
      </td>
    </tr>
  )
}
