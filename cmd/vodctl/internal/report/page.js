'use strict';
(() => {
  const $ = (id) => document.getElementById(id);
  document.documentElement.classList.add('js');

  // Refreshing loads the page anew; the filters stand in its address and come back.
  const seconds = Number(document.documentElement.dataset.refresh);
  if (seconds > 0) {
    setInterval(() => {
      const busy = document.activeElement && ['INPUT', 'SELECT'].includes(document.activeElement.tagName) && document.activeElement !== $('refresh');
      if ($('refresh').checked && !busy && !document.hidden) location.reload();
    }, seconds * 1000);
  }

  const rows = $('rows') ? [...$('rows').rows] : [];
  if (rows.length === 0) return;
  const text = $('f-text'), code = $('f-code'), period = $('f-period');
  const form = text.form;
  const texts = rows.map((row) => [...row.querySelectorAll('bdi, time')].map((e) => e.textContent).join(' ').toLowerCase());
  const offers = (select, value) => [...select.options].some((o) => o.value === value);

  const filter = () => {
    const want = text.value.trim().toLowerCase().split(/\s+/);
    let shown = 0;
    rows.forEach((row, i) => {
      const fits = (!code.value || row.dataset.code === code.value) &&
        (!period.value || row.dataset.period === period.value) &&
        want.every((word) => texts[i].includes(word));
      row.hidden = !fits;
      if (fits) shown++;
    });
    const all = shown === rows.length;
    $('f-count').textContent = all ? '' : `${shown} of ${rows.length}`;
    $('f-none').hidden = shown > 0;
    for (const bar of document.querySelectorAll('.bar')) bar.classList.toggle('on', period.value !== '' && bar.dataset.period === period.value);
    const state = new URLSearchParams();
    if (text.value) state.set('text', text.value);
    if (code.value) state.set('code', code.value);
    if (period.value) state.set('period', period.value);
    history.replaceState(null, '', '#' + state);
  };
  const restore = () => {
    const state = new URLSearchParams(location.hash.slice(1));
    text.value = state.get('text') || '';
    for (const [select, name] of [[code, 'code'], [period, 'period']]) {
      const value = state.get(name) || '';
      select.value = offers(select, value) ? value : '';
    }
    filter();
  };

  form.hidden = false;
  form.addEventListener('submit', (e) => e.preventDefault());
  form.addEventListener('input', filter);
  $('f-clear').addEventListener('click', () => { form.reset(); filter(); text.focus(); });
  for (const button of document.querySelectorAll('.pick')) {
    if (!offers(code, button.dataset.code)) { button.disabled = true; button.title = 'not among the newest failures'; continue; }
    button.addEventListener('click', () => {
      code.value = button.dataset.code; text.value = ''; period.value = '';
      filter(); $('failures').scrollIntoView(); code.focus({ preventScroll: true });
    });
  }
  for (const bar of document.querySelectorAll('.bar')) {
    if (!offers(period, bar.dataset.period)) continue;
    bar.classList.add('can'); // the select above the table does the same for the keyboard
    bar.addEventListener('click', () => { period.value = period.value === bar.dataset.period ? '' : bar.dataset.period; filter(); });
  }

  const copy = async (value, button) => {
    try {
      await navigator.clipboard.writeText(value);
    } catch { // no permission, or no secure context: select it, and let the person copy
      getSelection().selectAllChildren(button.previousElementSibling);
      $('said').textContent = 'selected';
      return;
    }
    $('said').textContent = 'copied ' + value;
    button.textContent = 'copied';
    setTimeout(() => { button.textContent = 'copy'; }, 1500);
  };
  for (const button of document.querySelectorAll('.copy')) {
    button.hidden = false;
    button.addEventListener('click', () => copy(button.dataset.copy, button));
  }
  restore();
  addEventListener('hashchange', restore);
})();
