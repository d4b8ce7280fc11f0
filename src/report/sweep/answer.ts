/** The answer in words: which choice for which context, what it costs and saves, and how sure the seeds are of it. */
import { formatBytes, formatDuration, formatPercent, formatRatio, formatReal } from '../format.js';
import type { Pick, Shortfall } from './pick.js';
import { differsIn, type Group, type Standing, type Sweep } from './sweep.js';
import { spentUntil } from './target.js';

/** One context's line. */
export interface AnswerRow {
  readonly context: string;
  readonly spectralGap: string;
  readonly chosen: string;
  readonly quality: string;
  readonly payload: string;
  /** Against the best of the context. */
  readonly comparison: string;
  /** Of all choices the first to reach the target. */
  readonly quickest: string;
  readonly remarks: readonly string[];
}

export interface Answer {
  /** One sentence. */
  readonly headline: string;
  readonly rule: string;
  readonly rows: readonly AnswerRow[];
  /** Whether rows have a spectral gap, and a quickest. */
  readonly hasGap: boolean;
  readonly hasQuickest: boolean;
}

const standingText: Readonly<Record<Exclude<Standing, 'done'>, string>> = {
  diverged: 'ended worse than it began',
  failed: 'failed',
  refused: 'cannot run here',
};

/** "a, b and c". */
function listOf(words: readonly string[]): string {
  return words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)!}`;
}

/** What is compared, for sentences. */
const nounOf = ({ choiceAxis }: Sweep): string => (choiceAxis === null ? 'choice' : choiceAxis);

function headlineOf(picks: readonly Pick[], sweep: Sweep): string {
  const contextsBy = new Map<string, string[]>();
  const without: string[] = [];
  for (const { chosen, context } of picks) {
    if (chosen === null) without.push(context);
    else contextsBy.set(chosen.choice, [...(contextsBy.get(chosen.choice) ?? []), context]);
  }
  const none = without.length === 0 ? '' : ` Nothing stands on ${listOf(without)}.`;
  const [only] = contextsBy.keys();
  if (only === undefined) return `No ${nounOf(sweep)} ended well.`;
  if (picks.length === 1) return `Pick ${only}.`;
  if (contextsBy.size === 1 && without.length === 0)
    return `Pick ${only}, whatever the ${listOf(sweep.contextAxes)}.`;
  const parts = [...contextsBy].map(([choice, contexts]) => `${choice} on ${listOf(contexts)}`);
  return `Pick ${parts.join('; ')}.${none}`;
}

const withError = ({ spread, error }: Shortfall, { quality }: Sweep): string =>
  quality.formatGain(spread.mean, error);

function comparisonOf({ chosen, best, shortfall }: Pick, sweep: Sweep): string {
  if (chosen === null || best === null) return '';
  if (shortfall === null) return `the best ${sweep.quality.kind} here`;
  const [most, least] = [best.payloadBytes?.mean, chosen.payloadBytes?.mean];
  const saves =
    most === undefined || least === undefined || least === 0
      ? ''
      : `, ${formatRatio(most / least)} fewer bytes`;
  const worse = shortfall.spread.mean >= 0 ? 'worse' : 'better';
  return `${withError(shortfall, sweep)} ${worse} than ${best.choice}${saves}`;
}

/** How many of a group's cells ended as badly as it is said to have. */
function fallenText(group: Group): string {
  if (group.standing === 'done') return `${group.choice} was not evaluated`;
  const bad = group.cells.length - group.sound.length;
  const share = group.cells.length === 1 || bad === 0 ? '' : ` with ${bad} of ${group.cells.length} seeds`;
  return `${group.choice} ${standingText[group.standing]}${share}`;
}

function remarksOf(pick: Pick, sweep: Sweep): string[] {
  const remarks: string[] = [];
  const { nearMisses, fallen, chosen } = pick;
  if (pick.withinNoise) remarks.push('as good as the best, to one standard error');
  if (pick.doubtful) remarks.push('whether it is within the margin, the seeds leave open');
  for (const miss of nearMisses)
    remarks.push(
      `${miss.group.choice} sends less and misses the margin by less than one standard error (${withError(miss, sweep)} worse)`,
    );
  if (chosen !== null && chosen.sound.length === 1) remarks.push('one seed: noise unknown');
  return [...remarks, ...fallen.map(fallenText)];
}

/** "rank=4, 12.3 s"; a dash where none reaches the target. */
function quickestOf(context: string, sweep: Sweep, target: number | null): string {
  const times = sweep.groups.flatMap((group) => {
    if (target === null || group.context !== context || group.standing !== 'done') return [];
    const seconds = spentUntil(target, group, sweep.quality)?.simulatedSeconds?.mean;
    return seconds === undefined ? [] : [{ choice: group.choice, seconds }];
  });
  if (times.length === 0) return '–';
  const { choice, seconds } = times.reduce((a, b) => (b.seconds < a.seconds ? b : a));
  return `${choice}, ${formatDuration(seconds)}`;
}

function ruleOf(sweep: Sweep, share: number): string {
  const { quality } = sweep;
  const margin = quality.kind === 'accuracy' ? quality.formatGain(share) : formatPercent(share);
  return (
    `The rule: of all that ended with every seed, the one that sends the fewest bytes among those whose ${quality.finalTitle}, ` +
    `is within ${margin} of the best. Differences are taken seed by seed, ± one standard error.`
  );
}

/** What the answer is computed from, beside the sweep. */
export interface AnswerInput {
  readonly picks: readonly Pick[];
  /** That the picks were made with. */
  readonly margin: number;
  /** For the quickest; null where nothing was measured. */
  readonly target: number | null;
}

export function answerOf(sweep: Sweep, { picks, margin, target }: AnswerInput): Answer {
  const rows = picks.map((pick): AnswerRow => {
    const { chosen, context, spectralGap } = pick;
    return {
      context,
      spectralGap: formatReal(spectralGap),
      chosen: chosen?.choice ?? 'none',
      quality: sweep.quality.format(chosen?.final?.mean ?? null),
      payload: formatBytes(chosen?.payloadBytes?.mean),
      comparison: comparisonOf(pick, sweep),
      quickest: quickestOf(context, sweep, target),
      remarks: remarksOf(pick, sweep),
    };
  });
  return {
    headline: headlineOf(picks, sweep),
    rule: ruleOf(sweep, margin),
    rows,
    hasGap: sweep.contextAxes.includes('topology') && picks.some(({ spectralGap }) => spectralGap !== null),
    hasQuickest: differsIn('simulatedSeconds', sweep) && rows.some(({ quickest }) => quickest !== '–'),
  };
}
