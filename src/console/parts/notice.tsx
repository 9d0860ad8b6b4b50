/** A framed remark with its picture: in place of something, or beside it. */
import type { ComponentChildren } from 'preact'
import { Icon, type IconName } from './icon.tsx'

interface NoticeProps {
  kind: 'bad' | 'open' | 'good'
  /** What it says first. */
  head?: ComponentChildren
  /** Where it is not the one of its kind. */
  icon?: IconName
  /** It is read aloud as soon as it is there. */
  isAlert?: boolean
  children?: ComponentChildren
}

/** The remark. */
export function Notice({ kind, head, icon, isAlert = false, children }: NoticeProps) {
  return (
    <div class={`notice notice-${kind}`} {...(isAlert && { role: 'alert' as const })}>
      <Icon name={icon ?? (kind === 'good' ? 'accepted' : 'warning')} size={24} />
      <div>
        {head !== undefined && <p class="notice-head">{head}</p>}
        {children}
      </div>
    </div>
  )
}
