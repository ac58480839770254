'use strict';
(() => {
  const $ = (id) => document.getElementById(id);
  const all = (selector) => document.querySelectorAll(selector);
  const root = document.documentElement;
  const words = {
    en: { more: 'Show more', of: (n, m) => `${n} of ${m}`, none: 'None of the newest failures matches.', copy: 'copy', copied: 'copied', selected: 'selected' },
    zh: { more: '显示更多', of: (n, m) => `${m} 条中的 ${n} 条`, none: '最近的失败中没有符合条件的。', copy: '复制', copied: '已复制', selected: '已选中' },
  };
  const say = () => words[root.lang];
  root.classList.add('js');

  // What a person has chosen is in the address, so that it survives a reload and can be passed on.
  const firstLang = root.lang;
  const state = new URLSearchParams(location.hash.includes('=') ? location.hash.slice(1) : '');
  const remember = (name, value) => {
    if (value) state.set(name, value); else state.delete(name);
    history.replaceState(null, '', String(state) ? '#' + state : location.pathname + location.search);
  };
  for (const link of all('nav a')) link.addEventListener('click', () => { link.hash = String(state); });

  const speak = (lang) => {
    root.lang = lang;
    for (const e of all('[data-zh]')) {
      if (e.dataset.attr) e.setAttribute(e.dataset.attr, e.dataset[lang]); else e.textContent = e.dataset[lang];
    }
    for (const button of all('#langs button')) button.setAttribute('aria-pressed', button.dataset.lang === lang);
    for (const button of all('.copy')) button.textContent = say().copy;
    for (const button of all('.more')) button.textContent = say().more;
  };
  $('langs').hidden = false;
  for (const button of all('#langs button')) {
    button.addEventListener('click', () => {
      const lang = button.dataset.lang;
      speak(lang);
      remember('lang', lang === firstLang ? '' : lang);
      show();
    });
  }

  // Refreshing loads the page again, but not while somebody filters.
  const seconds = Number(root.dataset.refresh);
  if (seconds > 0) {
    setInterval(() => {
      const busy = ['INPUT', 'SELECT'].includes(document.activeElement?.tagName) && document.activeElement !== $('refresh');
      if ($('refresh').checked && !busy && !document.hidden) location.reload();
    }, seconds * 1000);
  }

  for (const text of all('.message, .code')) text.addEventListener('click', () => text.classList.toggle('open'));

  // A copy button for each ID and command. Where the clipboard is closed, the text is selected instead.
  const copy = async (text, button) => {
    try {
      await navigator.clipboard.writeText(text.textContent);
    } catch {
      getSelection().selectAllChildren(text);
      $('said').textContent = say().selected;
      return;
    }
    $('said').textContent = say().copied + ' ' + text.textContent;
    button.textContent = say().copied;
    setTimeout(() => { button.textContent = say().copy; }, 1500);
  };
  for (const code of all('.id, .command')) {
    const box = document.createElement('span'), button = document.createElement('button');
    box.className = 'can-copy';
    button.type = 'button';
    button.className = 'copy';
    button.addEventListener('click', () => copy(code, button));
    code.replaceWith(box);
    box.append(code, button);
  }

  // The sources' addresses become links here, so that the HTML itself refers to nothing outside of it.
  for (const address of all('.address')) {
    const link = document.createElement('a');
    link.href = 'https:' + '//' + address.textContent;
    link.rel = 'noreferrer';
    link.textContent = address.textContent;
    address.replaceChildren(link);
  }

  // A table shows a screenful, and more on demand.
  const screenful = 20;
  const long = (table) => {
    const t = { rows: [...table.tBodies[0].rows], room: screenful, more: document.createElement('button') };
    t.limit = () => {
      let fit = 0;
      for (const row of t.rows) {
        if (!row.hidden) fit++;
        row.classList.toggle('beyond', !row.hidden && fit > t.room);
      }
      t.more.hidden = fit <= t.room;
      return fit;
    };
    t.more.type = 'button';
    t.more.className = 'more';
    t.more.addEventListener('click', () => { t.room += 3 * screenful; t.limit(); });
    table.after(t.more);
    t.limit();
    return t;
  };
  const tables = [...all('.cards')].map(long);

  // The newest failures can be filtered.
  const failures = tables.find((t) => t.more.previousElementSibling.matches('.failures'));
  const rows = failures?.rows ?? [];
  const text = $('f-text'), code = $('f-code'), period = $('f-period');
  const texts = rows.map((row) => [...row.querySelectorAll('bdi, time')].map((e) => e.textContent).join(' ').toLowerCase());
  const offers = (select, value) => [...select.options].some((o) => o.value === value);
  const show = () => {
    if (rows.length === 0) return;
    const want = text.value.trim().toLowerCase().split(/\s+/);
    rows.forEach((row, i) => {
      row.hidden = !((!code.value || row.dataset.code === code.value) &&
        (!period.value || row.dataset.period === period.value) &&
        want.every((word) => texts[i].includes(word)));
    });
    const fit = failures.limit();
    $('f-count').textContent = fit === 0 ? say().none : fit < rows.length ? say().of(fit, rows.length) : '';
    for (const bar of all('.bar')) bar.classList.toggle('on', period.value !== '' && bar.dataset.period === period.value);
  };
  const filter = () => {
    failures.room = screenful;
    remember('text', text.value);
    remember('code', code.value);
    remember('period', period.value);
    show();
  };
  speak(words[state.get('lang')] ? state.get('lang') : firstLang);
  if (rows.length === 0) return;

  text.form.hidden = false;
  text.value = state.get('text') || '';
  for (const [select, name] of [[code, 'code'], [period, 'period']]) {
    const value = state.get(name) || '';
    select.value = offers(select, value) ? value : '';
  }
  show();
  text.form.addEventListener('submit', (e) => e.preventDefault());
  text.form.addEventListener('input', filter);
  $('f-clear').addEventListener('click', () => { text.form.reset(); filter(); text.focus(); });
  for (const button of all('.pick')) {
    if (!offers(code, button.dataset.code)) { button.disabled = true; continue; }
    button.addEventListener('click', () => {
      code.value = button.dataset.code; text.value = ''; period.value = '';
      filter(); $('failures').scrollIntoView(); code.focus({ preventScroll: true });
    });
  }
  for (const bar of all('.bar')) {
    if (!offers(period, bar.dataset.period)) continue;
    bar.classList.add('can'); // the select above the table does the same for the keyboard
    bar.addEventListener('click', () => { period.value = period.value === bar.dataset.period ? '' : bar.dataset.period; filter(); });
  }
})();
