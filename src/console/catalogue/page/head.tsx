/** What an artefact says of itself. */
import type { ComponentChildren } from 'preact'
import { language } from '../../app/session.ts'
import { shownDate } from '../../languages/fill.ts'
import { texts } from '../../languages/languages.ts'
import { CopyButton } from '../../parts/copy-button.tsx'
import type { Head } from '../readers/artefact.ts'
import { Heading } from './heading.tsx'
import { Canonical } from './links.tsx'
import { LongText } from './notices.tsx'
import { Status } from './status.tsx'

const longest = 300

/** Title, address, state and who is behind it. */
export function ArtefactHead({ head }: { head: Head }) {
  const { page, kinds } = texts().catalogue
  const kind = Object.entries(kinds).find(([type]) => type === head.type)?.[1] ?? head.type
  const canonical = head.version ? `${head.url}|${head.version}` : head.url
  const title = head.title.slice(0, longest) || page.unnamed
  return (
    <header class="artefact-head">
      <p class="kind">
        {kind} {head.kind && <bdi>· {head.kind.slice(0, longest)}</bdi>}
      </p>
      <Heading title={title}>{title}</Heading>
      {head.url && (
        <p class="canonical">
          <code class="address">{canonical.slice(0, 2_000)}</code> <CopyButton text={canonical} />
        </p>
      )}
      <Facts head={head} />
      <WorkLink head={head} />
      {head.description && (
        <div class="description">
          <LongText text={head.description} />
        </div>
      )}
      {(head.purpose || head.copyright) && (
        <details>
          <summary>
            {[head.purpose && page.purpose, head.copyright && page.copyright].filter(Boolean).join(', ')}
          </summary>
          {head.purpose && (
            <p>
              <LongText text={head.purpose} />
            </p>
          )}
          {head.copyright && (
            <p>
              <LongText text={head.copyright} />
            </p>
          )}
        </details>
      )}
    </header>
  )
}

/** What the workbench opens, by the name of its parameter. */
const opened: Record<string, string> = { PlanDefinition: 'plan', Library: 'library', StructureMap: 'map' }

function WorkLink({ head }: { head: Head }) {
  const name = Object.hasOwn(opened, head.type) ? opened[head.type] : undefined
  if (!name || !head.id) return null
  return (
    <p>
      <a class="button quiet" href={`/workbench?${name}=${encodeURIComponent(head.id)}`}>
        {texts().catalogue.page.work}
      </a>
    </p>
  )
}

function Facts({ head }: { head: Head }) {
  const { page } = texts().catalogue
  return (
    <dl class="facts">
      <Fact name={page.status}>
        <Status status={head.status} isExperimental={head.isExperimental} />
      </Fact>
      <Fact name={page.version}>
        <bdi>{head.version.slice(0, longest) || page.notNamed}</bdi>
      </Fact>
      <Fact name={page.publisher}>
        <bdi>{head.publisher.slice(0, longest) || page.notNamed}</bdi>
      </Fact>
      <Fact name={page.date}>{head.date ? shownDate(head.date, language.value) : page.notNamed}</Fact>
      <Fact name={page.jurisdictions}>
        <bdi>{head.jurisdictions.join(', ').slice(0, 1_000) || page.everywhere}</bdi>
      </Fact>
      {head.contexts.length > 0 && head.type !== 'PlanDefinition' && (
        <Fact name={page.contexts}>
          <bdi>
            {head.contexts
              .map(({ words }) => words)
              .join(', ')
              .slice(0, 1_000)}
          </bdi>
        </Fact>
      )}
      {head.source && (
        <Fact name={page.source}>
          <Canonical canonical={head.source} />
        </Fact>
      )}
      <Fact name={page.changed}>{head.lastUpdated ? shownDate(head.lastUpdated, language.value) : page.notNamed}</Fact>
    </dl>
  )
}

/** A fact with its name. */
export function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}
