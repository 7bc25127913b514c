import { describe, expect, test } from 'vitest';
import { markdown } from '../../src/model/markdown.js';
import { currentDetails } from '../../src/model/progress-markdown.js';
import { progressOf, stepOf } from '../cli/progress.js';
import { attacks } from '../support/attacks.js';
import { randomStrings, readBack, whatActs } from '../support/harmless.js';

/** Without what a backslash makes plain text, nothing is left that Markdown gives a meaning. */
function whatFormats(text: string): string[] {
  const rest = text.replaceAll(/\\[!-/:-@[-`{-~]/g, 'x');
  return rest.match(/[`*[\]<>&~|]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])|:\/\/|www\.|^\s*(?:[#+=-]|\d+[.)])/gimu) ?? [];
}

/** Of a text without backslashes of its own. */
function unescaped(shown: string): string {
  return readBack(shown.replaceAll(/\\([!-/:-@[-`{-~])/g, '$1'));
}

/** Newlines become blanks, so these are not compared. */
function withoutBlanks(text: string): string {
  return text.replaceAll(/\s/g, '');
}

describe('what others wrote, in the Temporal UI', () => {
  test.each(attacks)('that %s is text on one line', (_, text) => {
    const shown = markdown`${text}`;
    expect([...whatFormats(shown), ...whatActs(shown)]).toEqual([]);
    expect(shown).not.toContain('\n');
    expect(shown).toContain('words');
  });

  test.each(attacks)('that %s leaves the details of a run as they are', (_, text) => {
    const plain = currentDetails(detailsOf('words'));
    const shown = currentDetails(detailsOf(text));
    expect(whatActs(shown)).toEqual([]);
    expect(shown.split('\n')).toHaveLength(plain.split('\n').length);
    const outline = (details: string): string[] => details.replaceAll(/\\./g, '').match(/\*\*|\||[[\]<>]/g) ?? [];
    expect(outline(shown)).toEqual(outline(plain));
  });

  test('is text on one line whatever it is, and can be read back', () => {
    const wrong = randomStrings(6000).filter((text) => {
      const shown = markdown`by ${text}.`;
      const same = text.includes('\\') || withoutBlanks(unescaped(shown)) === withoutBlanks(`by ${text}.`);
      return !same || shown.includes('\n') || whatActs(shown).length > 0 || whatFormats(shown).length > 0;
    });
    expect(wrong).toEqual([]);
  });

  test('is as it was where it means nothing in Markdown', () => {
    const plain = ['notes:v1.2-rc_1', 'ada@ci', '/data/notes_app.db', 'größer (5 %), 3 s; "why?"', 'a - b = c'];
    expect(plain.map((text) => markdown`${text}`)).toEqual(plain);
  });

  test('stands between words of ours that are Markdown', () => {
    expect(markdown`**${'deploy'} ${'v1**'}** by ${'<ada>'}`).toBe('**deploy v1\\*\\*** by \\<ada\\>');
  });
});

function detailsOf(text: string): Parameters<typeof currentDetails>[0] {
  const found = { live: { slot: 'green', release: text } } as const;
  const attention = { step: text, error: text, since: 0, found };
  const approval = { when: 'before-switch', since: 0, deadline: 0, otherwise: 'abort' } as const;
  const steps = [stepOf('preflight', { note: text }), stepOf('stopSlots', { note: null, summary: text })];
  return progressOf({ release: text, requestedBy: text, attention, approval, steps, warnings: [text] });
}
