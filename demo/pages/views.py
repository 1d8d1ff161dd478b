"""The demo's start page: accounts and NHS numbers worth trying, and what each shows."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from demo.pages.worth_trying import accounts, patients, practices
from demo.seed import password


@require_GET
def start(request: HttpRequest) -> HttpResponse:
    """Open to everybody: all of it is invented."""
    context = {
        "accounts": accounts(),
        "password": password(),
        "patients": patients(),
        "practices": practices(),
    }
    return render(request, "demo/start.jinja", context)
