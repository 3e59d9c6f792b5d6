"""Addresses of subscriptions and plans: `own` for whoever has or gets one, `manage` below /manage/ for administrators."""

from django.urls import path

from portal.views import claim_page, manage_subscriptions, plans_page, subscription_pages

_ONE = "donating/subscriptions/<int:pk>/"
own = [
    path(_ONE, subscription_pages.subscription, name="subscription"),
    path(f"{_ONE}give/", subscription_pages.give, name="subscription-give"),
    path(f"{_ONE}codes/<int:code>/withdraw/", subscription_pages.withdraw, name="subscription-withdraw"),
    path("subscription/", claim_page.claim, name="subscription-claim"),
]
manage = [
    path("plans/", plans_page.plans, name="plans"),
    path("plans/new/", plans_page.new, name="plan-new"),
    path("plans/<int:pk>/", plans_page.plan, name="plan"),
    path("plans/<int:pk>/move/", plans_page.move, name="plan-move"),
    path("subscriptions/<int:pk>/", manage_subscriptions.subscription, name="subscription-manage"),
    path("subscriptions/<int:pk>/renew/", manage_subscriptions.renew, name="subscription-renew"),
    path("subscriptions/<int:pk>/correct/", manage_subscriptions.correct, name="subscription-correct"),
]
